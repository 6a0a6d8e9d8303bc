using System.Text.RegularExpressions;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace SimdConv.Tests.Processes;

/// <summary>Runs tests of this assembly by itself, for CPUs on which there is no test host: see tests/arm64/run.</summary>
internal static class TestsChild
{
    /// <summary>
    /// Runs the tests whose names match, and prints those that fail and how many did what; exit code 1 if one failed.
    /// </summary>
    public static int Run(string pattern)
    {
        using Sink sink = new(new Regex(pattern));
        using XunitTestFramework framework = new(sink);
        IAssemblyInfo assembly = Reflector.Wrap(typeof(TestsChild).Assembly);
        using ITestFrameworkDiscoverer discoverer = framework.GetDiscoverer(assembly);
        discoverer.Find(false, sink, new Options());
        sink.Ended.WaitOne();
        using ITestFrameworkExecutor executor = framework.GetExecutor(typeof(TestsChild).Assembly.GetName());
        executor.RunTests(sink.Cases, sink, new Options());
        sink.Ended.WaitOne();
        Console.WriteLine($"{sink.Passed} passed, {sink.Failed} failed, {sink.Skipped} skipped");
        return sink.Failed == 0 && sink.Passed > 0 ? 0 : 1;
    }

    /// <summary>All options as they are by themselves.</summary>
    private sealed class Options : ITestFrameworkDiscoveryOptions, ITestFrameworkExecutionOptions
    {
        public TValue? GetValue<TValue>(string name) => default;

        public void SetValue<TValue>(string name, TValue value)
        {
        }
    }

    private sealed class Sink(Regex pattern) : LongLivedMarshalByRefObject, IMessageSink, IDisposable
    {
        public AutoResetEvent Ended { get; } = new(false);

        public List<ITestCase> Cases { get; } = [];

        public int Passed { get; private set; }

        public int Failed { get; private set; }

        public int Skipped { get; private set; }

        public bool OnMessage(IMessageSinkMessage message)
        {
            lock (Cases)
            {
                switch (message)
                {
                    case ITestCaseDiscoveryMessage found when pattern.IsMatch(found.TestCase.DisplayName):
                        Cases.Add(found.TestCase);
                        break;
                    case ITestPassed passed:
                        Passed++;
                        Console.WriteLine($"passed {passed.Test.DisplayName}, {passed.ExecutionTime:0.0} s");
                        break;
                    case ITestSkipped:
                        Skipped++;
                        break;
                    case ITestFailed failed:
                        Failed++;
                        Console.WriteLine($"failed {failed.Test.DisplayName}\n{string.Join('\n', failed.Messages)}");
                        break;
                    case IErrorMessage error:
                        Failed++;
                        Console.WriteLine(string.Join('\n', error.Messages));
                        break;
                    case IDiscoveryCompleteMessage or ITestAssemblyFinished:
                        Ended.Set();
                        break;
                }
            }

            return true;
        }

        public void Dispose() => Ended.Dispose();
    }
}
