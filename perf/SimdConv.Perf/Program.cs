using SimdConv.Perf.Compare;

return new System.CommandLine.RootCommand { CompareCommand.Create() }.Parse(args).Invoke();
