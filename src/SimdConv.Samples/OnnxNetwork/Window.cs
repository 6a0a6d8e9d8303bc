namespace SimdConv.Samples.OnnxNetwork;

/// <summary>How the windows of a convolution or a pooling lie, as ONNX's attributes say it.</summary>
internal readonly record struct Window(
    int StrideH, int StrideW, int DilationH, int DilationW, int Top, int Left, int Bottom, int Right)
{
    public static Window Of(Node node, Value input, int r, int s)
    {
        int[] strides = node.Sizes("strides", 2, least: 1, absent: 1);
        int[] dilations = node.Sizes("dilations", 2, least: 1, absent: 1);
        int[] pads = node.Sizes("pads", 4, least: 0, absent: 0);
        string automatic = node.Text("auto_pad", "NOTSET");
        Window window = new(strides[0], strides[1], dilations[0], dilations[1], 0, 0, 0, 0);
        switch (automatic)
        {
            case "NOTSET" or "":
                return window with { Top = pads[0], Left = pads[1], Bottom = pads[2], Right = pads[3] };
            case "VALID":
                return window;
            case "SAME_UPPER" or "SAME_LOWER":
                bool isLower = automatic == "SAME_LOWER";
                (int top, int bottom) = Conv2DShape.SamePadding(input.Height, r, strides[0], dilations[0], isLower);
                (int left, int right) = Conv2DShape.SamePadding(input.Width, s, strides[1], dilations[1], isLower);
                return window with { Top = top, Left = left, Bottom = bottom, Right = right };
            default:
                throw node.Error($"auto_pad is '{automatic}'; expected NOTSET, VALID, SAME_UPPER or SAME_LOWER");
        }
    }

    /// <summary>A convolution whose windows lie so.</summary>
    public Conv2DShape Place(Conv2DShape shape) => shape with
    {
        StrideH = StrideH,
        StrideW = StrideW,
        DilationH = DilationH,
        DilationW = DilationW,
        PadTop = Top,
        PadLeft = Left,
        PadBottom = Bottom,
        PadRight = Right,
    };

    /// <summary>A pooling whose windows lie so.</summary>
    public Pool2DShape Place(Pool2DShape shape) => shape with
    {
        StrideH = StrideH,
        StrideW = StrideW,
        DilationH = DilationH,
        DilationW = DilationW,
        PadTop = Top,
        PadLeft = Left,
        PadBottom = Bottom,
        PadRight = Right,
    };
}
