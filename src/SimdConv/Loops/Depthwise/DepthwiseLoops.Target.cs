using SimdConv.Packing;

namespace SimdConv.Loops;

/// <content>Results in scratch memory, from and to a target whose pixels are not written in place.</content>
internal sealed unsafe partial class DepthwiseLoops<TVec, T>
{
    /// <summary>Scratch of all phases to dx.</summary>
    private static void Scatter(in Part part, T* target, T* scratch)
    {
        DepthwiseSchedule.Phase[] phases = part.Schedule.Phases;
        ImageLayout layout = part.Problem.TargetLayout;
        for (int i = 0; i < phases.Length; i++, scratch += part.NextPhase)
        {
            TapGrid grid = phases[i].Grid;
            int rows = part.Rows(grid);

            // Two neighbouring phases of columns are woven together; phases come with those of columns innermost.
            if (grid.StepW == 2 && layout.W == 1 && grid.OriginW == 0 && i + 1 < phases.Length && phases[i + 1].Grid.OriginW == 1)
            {
                T* to = target + ((grid.OriginH + ((nint)part.Row * grid.StepH)) * layout.H);
                int width = grid.Width + phases[i + 1].Grid.Width;
                Weave(scratch, part.NextPhase, part.Ld, width, rows, to, grid.StepH * layout.H);
                Finish(in part.Problem, to, rows, grid.StepH * layout.H, width);
                i++;
                scratch += part.NextPhase;
            }
            else if (rows > 0)
            {
                Store(in part, grid, target, scratch);
            }
        }
    }

    private static void Weave(T* scratch, nint odd, nint ld, int width, int rows, T* to, nint next)
    {
        int w = TVec.Count;
        for (; rows > 0; rows--, scratch += ld, to += next)
        {
            for (int j = 0; j < width; j += 2 * w)
            {
                T* even = scratch + (j / 2);
                (TVec low, TVec high) = TVec.Interleave(TVec.Load(even), TVec.Load(even + odd));
                RowCopy<TVec, T>.StoreUpTo(to + j, low, width - j);
                RowCopy<TVec, T>.StoreUpTo(to + j + w, high, width - j - w);
            }
        }
    }

    private static void Load(in Part part, TapGrid grid, T* target, T* scratch)
    {
        TargetWindow<TVec, T> window = Window(in part, grid, target);
        for (int i = 0; i < part.Rows(grid); i++)
            window.Load(0, 1, i * grid.Width, grid.Width, grid.Width, scratch + ((nint)i * part.Ld), part.Ld, part.Problem.Beta);
    }

    private static void Store(in Part part, TapGrid grid, T* target, T* scratch)
    {
        TargetWindow<TVec, T> window = Window(in part, grid, target);
        for (int i = 0; i < part.Rows(grid); i++)
            window.Store(0, 1, i * grid.Width, grid.Width, grid.Width, scratch + ((nint)i * part.Ld), part.Ld, isLast: true);
    }

    private static TargetWindow<TVec, T> Window(in Part part, TapGrid grid, T* target) =>
        new(grid, part.Problem.TargetLayout, part.Problem.Target, (nint)(target - part.Problem.Target), part.Problem.Finish,
            part.Row, part.Rows(grid));
}
