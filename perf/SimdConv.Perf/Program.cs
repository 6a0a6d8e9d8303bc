using SimdConv.Perf.Peers;
Console.WriteLine(LibTorchLoader.TryLoad(1, out string? why) ? TorchSharp.torch.__version__ : why);
var t = TorchSharp.torch.ones(2, 2);
Console.WriteLine(t.sum().item<float>());
