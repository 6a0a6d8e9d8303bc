using SimdConv.Packing;

namespace SimdConv.Loops;

/// <content>The sums of an item.</content>
internal sealed unsafe partial class ImageGradientLoops<TVec, THalf, T, TVectors>
{
    private static void RunPart(Job job, ref WorkQueue queue)
    {
        Scratch scratch = new(job.Schedule);
        using Workspace workspace = new(scratch.Plan);
        job.Strip = workspace.At(scratch.Strip);
        job.DY = workspace.At(scratch.DY);
        job.Lanes = workspace.At(scratch.Lanes);
        job.Sums = workspace.At(scratch.Sums);
        job.BiasBlocks = workspace.At(scratch.BiasBlocks);
        job.Offsets = workspace.At(scratch.Offsets);
        if (job.Problem.DW != null)
            SetOffsets(in job);
        while (queue.Next(out long index))
        {
            GradientItem item = job.Items.At(index);
            if (CallTrace.IsOn)
                item.Trace();
            Begin(in job, item);
            Sum(in job, item);
        }
    }

    /// <summary>Where each tap (c, r, s) of the first position is read, in x or in the copy of it.</summary>
    private static void SetOffsets(in Job job)
    {
        ref readonly ImageGradientSchedule schedule = ref job.Schedule;
        TapGrid grid = schedule.Grid;
        ImageLayout x = job.Problem.XLayout;
        int* to = job.Offsets;
        for (int c = 0; c < schedule.ChannelBlock; c++)
        {
            for (int r = 0; r < grid.Rows.Length; r++)
            {
                for (int s = 0; s < grid.Columns.Length; s++)
                {
                    int plane = (schedule.Vertical.PhaseOf(r) * schedule.Horizontal.Phases.Length)
                        + schedule.Horizontal.PhaseOf(s);
                    *to++ = (int)(job.ReadsImage
                        ? (c * x.C) + (grid.Rows[r].Offset * x.H) + (grid.Columns[s].Offset * x.W)
                        : (((nint)c * schedule.ChannelSize) + (plane * schedule.PlaneSize)
                            + (schedule.Vertical.StepOf(r) * schedule.Pitch) + schedule.Horizontal.StepOf(s)) * schedule.Batch);
                }
            }
        }
    }

    /// <summary>Lane 0 of chunk 0 begins with beta * dW and beta * db, all others with zeros.</summary>
    private static void Begin(in Job job, in GradientItem item)
    {
        int ld = job.Schedule.LdOutputs;
        T* sums = job.Sums, bias = sums + ((nint)item.Taps * ld), dw = job.Problem.DW + item.Weight;
        new Span<T>(sums, (item.Taps + 1) * ld).Clear();
        bool isStarted = item.Chunk == 0 && job.Problem.Beta != T.Zero;
        nint filter = job.Schedule.Shape.Taps;
        for (int k = 0; k < item.Outputs && isStarted; k++)
        {
            for (int tap = 0; tap < item.Taps && item.OwnsWeights; tap++)
                sums[((nint)tap * ld) + k] = job.Problem.Beta * dw[(k * filter) + tap];
            if (item.OwnsBias)
                bias[k] = job.Problem.Beta * job.Problem.DB[item.Output + k];
        }

        if (item.OwnsWeights && job.Schedule.Lanes > 1)
            LaneSums<TVec, T>.Begin(sums, item.Taps, item.Outputs, ld, job.Lanes);
        if (job.Schedule.Lanes > 1)
            LaneSums<TVec, T>.Begin(bias, 1, item.Outputs, ld, BiasLanes(in job, item));
    }

    private static T* BiasLanes(in Job job, in GradientItem item) =>
        job.Lanes + ((nint)item.Taps * item.Outputs * job.Schedule.Lanes);

    private static void Sum(in Job job, in GradientItem item)
    {
        ref readonly ImageGradientSchedule schedule = ref job.Schedule;
        BiasTree<T> bias = item.OwnsBias ? new(job.BiasBlocks, schedule.OutputBlock) : BiasTree<T>.None;
        int row = (int)((long)schedule.Shape.P * item.Chunk / job.Chunks),
            last = (int)((long)schedule.Shape.P * (item.Chunk + 1) / job.Chunks);
        for (int rows; row < last; row += rows)
        {
            rows = Math.Min(schedule.Rows, last - row);
            for (int column = 0; column < schedule.Shape.Q && schedule.Batch > 0; column += schedule.Columns)
                SumPatch(in job, item, row, rows, column, ref bias);
        }

        Finish(in job, item, ref bias);
    }

    /// <summary>
    /// Adds virtual lanes and blocks of the bias, and writes the item's sums to dW and db, or to those of its chunk.
    /// </summary>
    private static void Finish(in Job job, in GradientItem item, ref BiasTree<T> bias)
    {
        ref readonly ImageGradientSchedule schedule = ref job.Schedule;
        int ld = schedule.LdOutputs, lanes = schedule.Lanes;
        T* partial = job.Partial + (item.Chunk * ChunkSums<TVec, T>.Size(schedule.Shape)), sums = job.Sums;
        if (item.OwnsWeights)
        {
            T* dw = (job.Chunks == 1 ? job.Problem.DW : partial) + item.Weight;
            if (lanes > 1)
                LaneSums<TVec, T>.End(job.Lanes, item.Taps, item.Outputs, ld, sums);
            TransposePacking<TVec, T>.ToFilters(sums, ld, item.Taps, item.Outputs, dw, schedule.Shape.Taps);
        }

        if (!item.OwnsBias)
            return;
        T* db = (job.Chunks == 1 ? job.Problem.DB : partial + schedule.Shape.WeightCount) + item.Output,
            biasSums = sums + ((nint)item.Taps * ld);
        if (lanes > 1)
        {
            bias.Finish(BiasLanes(in job, item), item.Outputs, lanes, lanes);
            LaneSums<TVec, T>.End(BiasLanes(in job, item), 1, item.Outputs, ld, biasSums);
        }
        else
            bias.Finish(biasSums, item.Outputs, 1, 1);
        new Span<T>(biasSums, item.Outputs).CopyTo(new(db, item.Outputs));
    }

    /// <summary>What some rows and columns of output pixels add.</summary>
    private static void SumPatch(in Job job, in GradientItem item, int row, int rows, int column, ref BiasTree<T> bias)
    {
        ref readonly ImageGradientSchedule schedule = ref job.Schedule;
        ref readonly WeightGradientProblem<T> problem = ref job.Problem;
        int columns = Math.Min(schedule.Columns, schedule.Shape.Q - column), width = columns * schedule.Batch;
        if (CallTrace.IsOn)
            CallTrace.Reach("strip", row);
        T* x = job.Strip;
        nint channel = ((nint)item.Group * schedule.Shape.GroupChannels) + item.FirstChannel;
        T* image = problem.X + (channel * problem.XLayout.C);
        if (item.OwnsWeights && job.ReadsImage)
            x = image + (row * schedule.Grid.StrideH * problem.XLayout.H) + (column * problem.XLayout.W);
        else if (item.OwnsWeights)
            ImageStrip<TVec, T>.Fill(in schedule, image, problem.XLayout, item.Channels, (row, rows), (column, columns), x);
        (int most, int piece) = ImageGradientSchedule.Piece(rows, width);
        for (int i = 0, count; i < rows; i += count)
        {
            count = Math.Min(most, rows - i);
            for (int at = 0; at < width; at += piece)
            {
                int length = Math.Min(piece, width - at);
                Piece part = new() { Row = row + i, Rows = count, Column = column, At = at, Length = length };
                AddPiece(in job, item, part, x + (i * job.Pitch) + at, ref bias);
            }
        }
    }

    /// <summary>Some positions, from position At of a column on, of some rows.</summary>
    private struct Piece
    {
        public int Row, Rows, Column, At, Length;
    }

    private static void AddPiece(in Job job, in GradientItem item, in Piece piece, T* x, ref BiasTree<T> bias)
    {
        ref readonly ImageGradientSchedule schedule = ref job.Schedule;
        int* offsets = job.Offsets;
        if (schedule.Lanes > 1)
        {
            PlaneRows<T> rows = CopyRows(in job, item, piece, ref bias);
            if (item.OwnsWeights)
                LaneSums<TVec, T>.Add(rows, item.Outputs, x, offsets, item.Taps, job.Pitch, job.Lanes);
            return;
        }

        int ld = schedule.LdOutputs;
        T* dy = job.DY, sums = job.Sums;
        ForEachRun(in job, item, piece, ld, isTransposed: true);
        if (item.OwnsBias)
            WeightGradientSums<TVec, THalf, T, TVectors>.AddBias(
                dy, (nint)piece.Rows * piece.Length, ld, item.Outputs, sums + ((nint)item.Taps * ld), ref bias);
        PositionRows<T> positions = new() { Data = dy, Ld = ld, Rows = piece.Rows, Outputs = item.Outputs };
        if (item.OwnsWeights)
            WeightGradientSums<TVec, THalf, T, TVectors>.Add(
                piece.Length, job.Pitch, x, offsets, item.Taps, positions, null, sums, ld);
    }

    /// <summary>A piece of dY with zeros behind each row, which is added to the bias.</summary>
    private static PlaneRows<T> CopyRows(in Job job, in GradientItem item, in Piece piece, ref BiasTree<T> bias)
    {
        ImageLayout layout = job.Problem.DYLayout;
        T* dy = First(in job, item, piece) + piece.At;
        if (!IsDense(in job))
        {
            nint pitch = LaneSums<TVec, T>.Pitch(piece.Length);
            ForEachRun(in job, item, piece, pitch, isTransposed: false);
            dy = job.DY;
            layout = new(0, piece.Rows * pitch, pitch, 1);
        }

        return LaneSums<TVec, T>.Rows(dy, layout with { W = 1 }, item.Outputs, piece.Rows, piece.Length, job.DY,
            BiasLanes(in job, item), ref bias);
    }

    /// <summary>Whether the images of a pixel of dY follow those of the pixel before without a gap.</summary>
    private static bool IsDense(in Job job) => job.Problem.DYLayout.W == job.Schedule.Batch || job.Schedule.Shape.Q == 1;

    /// <summary>The first image of a piece's column in dY.</summary>
    private static T* First(in Job job, in GradientItem item, in Piece piece)
    {
        ImageLayout layout = job.Problem.DYLayout;
        return job.Problem.DY + (item.Output * layout.C) + (piece.Row * layout.H) + (piece.Column * layout.W);
    }

    /// <summary>
    /// Copies runs of neighbouring elements of dY, images of a pixel or all of a row, to rows that are <paramref name="pitch"/>
    /// apart, those of one output behind each other; or, transposed, to positions that are as far apart.
    /// </summary>
    private static void ForEachRun(in Job job, in GradientItem item, in Piece piece, nint pitch, bool isTransposed)
    {
        ImageLayout layout = job.Problem.DYLayout;
        int batch = IsDense(in job) ? int.MaxValue : job.Schedule.Batch;
        T* dy = First(in job, item, piece);
        for (int row = 0; row < piece.Rows; row++)
        {
            for (int done = 0, count; done < piece.Length; done += count)
            {
                (int pixel, int image) = Math.DivRem(piece.At + done, batch);
                count = Math.Min(batch - image, piece.Length - done);
                T* from = dy + (row * layout.H) + (pixel * layout.W) + image;
                if (isTransposed)
                {
                    T* to = job.DY + ((((nint)row * piece.Length) + done) * pitch);
                    TransposePacking<TVec, T>.Transpose(from, layout.C, item.Outputs, count, to, pitch, (int)pitch);
                    continue;
                }

                for (int k = 0; k < item.Outputs; k++)
                    RowCopy<TVec, T>.Gather(
                        from + (k * layout.C), 1, job.DY + ((((nint)k * piece.Rows) + row) * pitch) + done, count);
            }
        }
    }
}
