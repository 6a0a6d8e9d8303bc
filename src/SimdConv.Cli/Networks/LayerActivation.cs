namespace SimdConv.Cli.Networks;

/// <summary>An activation; <paramref name="Scale"/> is that of scale * tanh(x).</summary>
internal readonly record struct LayerActivation(Activation Kind, double Scale = 1);
