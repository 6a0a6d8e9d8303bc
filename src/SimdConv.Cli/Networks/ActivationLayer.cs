namespace SimdConv.Cli.Networks;

/// <summary>An activation that follows no layer which could apply it in its own step.</summary>
internal sealed record ActivationLayer(string Name, ImageSize Input) : Layer(Name, Input, Input);
