namespace SimdConv.Cli.Distributed;

/// <summary>Training has failed, and a rank has said why: nothing is left but to exit.</summary>
internal sealed class ReportedException(int exitCode) : Exception
{
    public int ExitCode => exitCode;
}
