using System.Diagnostics;
using SimdConv.Cli;

namespace SimdConv.Tests.Cli;

/// <summary>
/// What becomes of whatever an output's name leads to: links, modes, pipes, devices; and which pairs of names are refused.
/// </summary>
public sealed class OutputFileTests : IDisposable
{
    private const UnixFileMode Mode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherExecute;

    private static readonly byte[] Content = [1, 2, 3, 0, 255];

    private readonly string folder = Directory.CreateTempSubdirectory("simdconv-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void ANewFileIsMadeAndNothingBesideIt()
    {
        Write(At("new"));
        Assert.Equal(Content, File.ReadAllBytes(At("new")));
        Assert.Equal([At("new")], Directory.GetFileSystemEntries(folder));
    }

    [SkippableFact]
    public void AFileKeepsItsMode()
    {
        RequireUnix();
        Old("file");
        Write(At("file"));
        Assert.Equal(Content, File.ReadAllBytes(At("file")));
        Assert.Equal(Mode, ModeOf(At("file")));
        Assert.Equal([At("file")], Directory.GetFileSystemEntries(folder));
    }

    /// <summary>A link stays one, whatever it is like, and what it leads to gets the content and keeps its mode.</summary>
    [SkippableTheory]
    [InlineData("file")]
    [InlineData("sub/../sub/file")]
    [InlineData("other-link")]
    [InlineData("folder-link/file")]
    public void ALinkIsWrittenThrough(string target)
    {
        RequireUnix();
        Directory.CreateDirectory(At("sub"));
        Old("file");
        Old("sub/file");
        File.CreateSymbolicLink(At("other-link"), At("sub/file"));
        Directory.CreateSymbolicLink(At("folder-link"), "sub");
        File.CreateSymbolicLink(At("link"), target);
        Write(At("link"));
        Assert.Equal(target, new FileInfo(At("link")).LinkTarget);
        string written = At(target == "file" ? "file" : "sub/file");
        Assert.Equal(Content, File.ReadAllBytes(written));
        Assert.Equal(Mode, ModeOf(written));
    }

    [SkippableFact]
    public void ALinkToNothingMakesItsTarget()
    {
        RequireUnix();
        File.CreateSymbolicLink(At("link"), "absent");
        Write(At("link"));
        Assert.Equal("absent", new FileInfo(At("link")).LinkTarget);
        Assert.Equal(Content, File.ReadAllBytes(At("absent")));
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void APipeIsWrittenInto(bool byLink)
    {
        RequireUnix();
        MakePipe(At("pipe"));
        File.CreateSymbolicLink(At("link"), "pipe");
        Task<byte[]> reader = Task.Run(() => File.ReadAllBytes(At("pipe")));
        Write(At(byLink ? "link" : "pipe"));
        Assert.True(reader.Wait(TimeSpan.FromSeconds(30)));
        Assert.Equal(Content, reader.Result);
        Assert.Equal(PlaceKind.Pipe, FilePlace.Of(At("pipe")).Kind);
    }

    [SkippableFact]
    public void ADeviceStaysADevice()
    {
        RequireUnix();
        File.CreateSymbolicLink(At("null"), "/dev/null");
        Write("/dev/null");
        Write(At("null"));
        Assert.Equal((PlaceKind.Device, "/dev/null"), (FilePlace.Of(At("null")).Kind, FilePlace.Of(At("null")).Path));
        Assert.Equal("/dev/null", new FileInfo(At("null")).LinkTarget);
    }

    [SkippableFact]
    public void AFullDeviceIsAnError()
    {
        Skip.IfNot(OperatingSystem.IsLinux() && File.Exists("/dev/full"), "there is no /dev/full here");
        Assert.StartsWith("/dev/full can't be written", Assert.Throws<InputException>(() => Write("/dev/full")).Message,
            StringComparison.Ordinal);
    }

    /// <summary>What fails in the middle leaves the old file as it was.</summary>
    [Fact]
    public void AFailureLeavesTheOldFile()
    {
        Old("file");
        Assert.Throws<InvalidOperationException>(() => OutputFile.Write(At("file"), file =>
        {
            file.Write(Content);
            throw new InvalidOperationException();
        }));
        Assert.Equal("old", File.ReadAllText(At("file")));
        Assert.Equal([At("file")], Directory.GetFileSystemEntries(folder));
    }

    /// <summary>Every two ways to name one file, as two outputs and as input and output.</summary>
    [SkippableFact]
    public void TwoNamesOfOneFileAreRefused()
    {
        RequireUnix();
        Directory.CreateDirectory(At("sub"));
        Old("file");
        Process.Start("ln", [At("file"), At("hard")]).WaitForExit();
        File.CreateSymbolicLink(At("link"), "file");
        Directory.CreateSymbolicLink(At("here"), ".");
        File.CreateSymbolicLink(At("sub/up"), "../link");
        string relative = Path.GetRelativePath(Environment.CurrentDirectory, At("file"));
        string[] names = [At("file"), At("hard"), At("link"), At("here/file"), At("sub/up"), At("sub/../file"), folder
            + "/./file", relative];
        foreach (string one in names)
        {
            foreach (string other in names)
            {
                Refused([new("--save", one), new("--plot", other)], [], "--plot", "--save");
                Refused([new("--predictions", one)], [new("--weights", other)], "--predictions", "--weights");
            }
        }

        Assert.Equal("old", File.ReadAllText(At("file")));
    }

    [SkippableFact]
    public void TwoNamesOfOneFileToBeMadeAreRefused()
    {
        RequireUnix();
        File.CreateSymbolicLink(At("link"), "absent");
        Directory.CreateSymbolicLink(At("here"), ".");
        string[] names = [At("absent"), At("link"), At("here/absent"), folder + "/here/../absent"];
        foreach (string one in names)
        {
            foreach (string other in names)
                Refused([new("--save", one), new("--plot", other)], [], "--plot", "--save");
        }
    }

    [SkippableFact]
    public void APipeThatIsReadIsNoOutput()
    {
        RequireUnix();
        MakePipe(At("pipe"));
        Refused([new("--save", At("pipe"))], [new("--data", At("pipe"))], "--save", "--data");
    }

    [Fact]
    public void DifferentFilesAreNot()
    {
        Old("file");
        OutputFile.RequireWritable([new("--save", At("file")), new("--plot", At("other")), new("--none", null)],
            [new("--data", At("third"))]);
        if (!OperatingSystem.IsWindows())
            OutputFile.RequireWritable([new("--save", "/dev/null")], [new("--data", "/dev/null")]);
    }

    [SkippableFact]
    public void LinksInACircleAreNamed()
    {
        RequireUnix();
        File.CreateSymbolicLink(At("a"), "b");
        File.CreateSymbolicLink(At("b"), "a");
        Refused([new("--save", At("a"))], [], "--save", "more than 40 symbolic links");
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("no/such/folder/file")]
    public void NamesThatCantBeWrittenAreRefused(string name) =>
        Refused([new("--save", name.Length == 0 ? "" : At(name))], [], "--save is '", "expected");

    private static void Refused(NamedFile[] outputs, NamedFile[] inputs, params string[] words)
    {
        string message = Assert.Throws<InputException>(() => OutputFile.RequireWritable(outputs, inputs)).Message;
        Assert.All(words, word => Assert.Contains(word, message, StringComparison.Ordinal));
    }

    private static void Write(string path) => OutputFile.Write(path, file => file.Write(Content));

    private static void RequireUnix() => Skip.If(OperatingSystem.IsWindows(), "links, pipes and modes are Unix's");

    private static void MakePipe(string path) => Process.Start("mkfifo", [path]).WaitForExit();

    private static UnixFileMode ModeOf(string path) => OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(path);

    private void Old(string name)
    {
        File.WriteAllText(At(name), "old");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(At(name), Mode);
    }

    private string At(string name) => folder + "/" + name;
}
