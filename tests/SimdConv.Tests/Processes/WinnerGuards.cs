using System.Numerics;
using System.Runtime.InteropServices;
using SimdConv.Tests.Support;
using LayoutKind = SimdConv.Tests.Support.LayoutKind;

namespace SimdConv.Tests.Processes;

/// <summary>
/// Max pooling's backward pass and its indices with winners that no forward pass gave, under guard pages: what comes from memory
/// is input as arguments are. Shapes reach each way of the backward pass, winners in one byte and in four.
/// </summary>
internal static class WinnerGuards<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly Pool2DShape Square =
        new(3, 9, 35, 3, 3) { StrideH = 1, StrideW = 1, PadTop = 1, PadLeft = 1, PadBottom = 1, PadRight = 1 };

    private static readonly (Pool2DShape Shape, LayoutKind Layout)[] Shapes =
    [
        (new(17, 16, 16, 16, 16), LayoutKind.Nchw), // One window a plane: bytes ...
        (new(3, 17, 17, 17, 17), LayoutKind.Nchw), // ... and integers.
        (new(2, 17, 17, 18, 17) { PadBottom = 2 }, LayoutKind.Nchw),
        (Square, LayoutKind.Nchw), // Windows in lanes.
        (Square with { StrideW = 2 }, LayoutKind.View),
        (Square with { StrideW = 3, StrideH = 2, DilationW = 2 }, LayoutKind.Nchw),
        (Square with { R = 5, S = 60, PadTop = 2, PadLeft = 30, PadRight = 30 }, LayoutKind.Nchw),
        (new(5, 8, 8, 2, 2), LayoutKind.Nchw), // Several planes as one.
        (Square with { C = 17 }, LayoutKind.Nhwc), // Planes in lanes.
        (Square with
        {
            C = 18,
            H = 17,
            W = 17,
            R = 17,
            S = 17,
            PadTop = 8,
            PadLeft = 8,
            PadBottom = 8,
            PadRight = 8,
            StrideW = 4,
        }, LayoutKind.Nhwc),
        (Square with { C = 4 }, LayoutKind.EveryOther),
        (new(2, 9, 5, 3, 3), LayoutKind.ChannelsOutermost),
        (Square, LayoutKind.ImagesInnermost), // Images in lanes: bytes ...
        (new(2, 17, 17, 17, 17), LayoutKind.SomeOfTheImages), // ... and integers.
    ];

    public static void Run(Execution execution, GuardSide side)
    {
        for (int i = 0; i < Shapes.Length; i++)
        {
            for (int kind = 0; kind < 5; kind++)
            {
                Run(Shapes[i].Shape, Shapes[i].Layout, kind, inPieces: false, execution, side);
                Run(Shapes[i].Shape, Shapes[i].Layout, kind, inPieces: true, execution, side);
            }
        }
    }

    private static void Run(Pool2DShape s, LayoutKind layout, int kind, bool inPieces, Execution execution, GuardSide side)
    {
        const int Batch = 2;
        Console.WriteLine($"{execution} {side} winners of kind {kind}, {(inPieces ? "in pieces" : "")} {layout} {s}");
        Console.Out.Flush();
        StridedImage<T> dx = new(layout, Batch, s.C, s.H, s.W),
            dy = StridedImage<T>.Filled(layout, Batch, s.C, s.P, s.Q, DataKind.Real, kind);
        Pool2DPlan<T> plan = new(s, PoolKind.Max, dx.Layout, dy.Layout) { InPieces = inPieces };
        int[] winners = new int[Batch * s.C * s.P * s.Q];
        bool areBytes = plan.WinnerBytes(1) * Batch == winners.Length;
        for (int i = 0; i < winners.Length; i++)
            winners[i] = areBytes ? (byte)Winner(s, kind, i) : Winner(s, kind, i);
        byte[] stored = areBytes ? Array.ConvertAll(winners, tap => (byte)tap) : MemoryMarshal.AsBytes<int>(winners).ToArray();

        using GuardChild.Guards<T> guards = new(side);
        using GuardChild.Guards<byte> bytes = new(side);
        using GuardChild.Guards<long> numbers = new(side);
        Span<T> guardedDx = guards.Output(dx.Data);
        ReadOnlySpan<byte> guardedWinners = bytes.Input(stored);
        plan.Backward(Batch, guards.Input(dy.Data), guardedWinners, guardedDx, execution);
        guardedDx.CopyTo(dx.Data);
        dx.RequireGapsUntouched("dx");
        Compare.Equal<T>(WindowChain.MaxBackward(s, Batch, dy.Pack(), winners), dx.Pack(),
            "dx of winners that no forward pass gave");
        Span<long> indices = numbers.Output(new long[winners.Length]);
        plan.Indices(Batch, guardedWinners, indices);
        for (int i = 0; i < winners.Length; i++)
            Assert.Equal(Index(s, winners[i], i), indices[i]);
    }

    private static int Winner(Pool2DShape s, int kind, int i)
    {
        ulong random = Data.Mix(kind + 1, i);
        int[] bounds =
        [
            -1, 0, s.R * s.S - 1, s.R * s.S, s.R * s.S + 1, (s.H * s.W) - 1, s.H * s.W, (s.H * s.W) + 1, 255, 256, -s.S, 1 << 24,
            (1 << 24) + 1,
            int.MaxValue, int.MinValue,
        ];
        return kind switch
        {
            0 => (int)random,
            1 => bounds[random % (ulong)bounds.Length],
            2 => -1 - (int)(random % int.MaxValue),
            3 => (int)(random % (ulong)(s.R * s.S)), // Of another window.
            _ => (int)(random % (ulong)(s.C * s.H * s.W)), // Of another plane.
        };
    }

    private static long Index(Pool2DShape s, int tap, int output)
    {
        if (tap < 0 || tap >= s.R * s.S)
            return -1;
        int h = (output / s.Q % s.P * s.StrideH) - s.PadTop + (tap / s.S * s.DilationH);
        int w = (output % s.Q * s.StrideW) - s.PadLeft + (tap % s.S * s.DilationW);
        return h >= 0 && h < s.H && w >= 0 && w < s.W ? (h * s.W) + w : -1;
    }
}
