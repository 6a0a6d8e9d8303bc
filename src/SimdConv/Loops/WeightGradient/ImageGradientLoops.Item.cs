using SimdConv.Core;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <content>The sums of an item.</content>
internal sealed unsafe partial class ImageGradientLoops<TVec, THalf, T, TVectors>
{
    private static void RunPart(in Job job, ref WorkQueue queue)
    {
        Scratch scratch = new(job.Schedule);
        using Workspace workspace = new(scratch.Plan);
        Buffers buffers = new()
        {
            Strip = workspace.At(scratch.Strip),
            DY = workspace.At(scratch.DY),
            Lanes = workspace.At(scratch.Lanes),
            Sums = workspace.At(scratch.Sums),
            BiasBlocks = workspace.At(scratch.BiasBlocks),
            Offsets = workspace.At(scratch.Offsets),
        };
        while (queue.Next(out long index))
        {
            Item item = ItemAt(in job, index);
            item.Buffers = buffers;
            if (CallTrace.IsOn)
                Trace(item);
            SetOffsets(in job, ref item);
            Begin(in job, item);
            Sum(in job, item);
        }
    }

    private static void Trace(in Item item)
    {
        CallTrace.Reach("chunk", item.Chunk);
        CallTrace.Reach("group", item.Group);
        CallTrace.Reach("block", item.FirstChannel);
        CallTrace.Reach("outputs", item.FirstOutput);
    }

    private static Item ItemAt(in Job job, long index)
    {
        ref readonly ImageGradientSchedule schedule = ref job.Schedule;
        Conv2DShape shape = schedule.Shape;
        int outputBlock = (int)(index % job.OutputBlocks), block = (int)(index / job.OutputBlocks % job.Blocks);
        index /= (long)job.OutputBlocks * job.Blocks;
        Item item = new()
        {
            Chunk = (int)(index / shape.Groups),
            Group = (int)(index % shape.Groups),
            FirstChannel = block * schedule.ChannelBlock,
            FirstOutput = outputBlock * schedule.OutputBlock,
            OwnsWeights = job.Problem.DW != null,
            OwnsBias = job.Problem.DB != null && block == 0,
            ReadsImage = schedule.ReadsImage(job.Problem.XLayout),
        };
        item.FirstRow = (int)((long)shape.P * item.Chunk / job.Chunks);
        item.LastRow = (int)((long)shape.P * (item.Chunk + 1) / job.Chunks);
        item.Channels = Math.Min(schedule.ChannelBlock, shape.GroupChannels - item.FirstChannel);
        item.Outputs = Math.Min(schedule.OutputBlock, shape.GroupOutputs - item.FirstOutput);
        item.Taps = item.Channels * schedule.Grid.Taps;
        return item;
    }

    /// <summary>Where each tap (c, r, s) of the first position is read, in x or in the copy of it.</summary>
    private static void SetOffsets(in Job job, ref Item item)
    {
        ref readonly ImageGradientSchedule schedule = ref job.Schedule;
        TapGrid grid = schedule.Grid;
        ImageLayout x = job.Problem.XLayout;
        item.Pitch = item.ReadsImage ? grid.StrideH * x.H : (nint)schedule.Pitch * schedule.Batch;
        if (!item.OwnsWeights)
            return;
        int* to = item.Buffers.Offsets;
        for (int c = 0; c < item.Channels; c++)
        {
            for (int r = 0; r < grid.Rows.Length; r++)
            {
                for (int s = 0; s < grid.Columns.Length; s++)
                {
                    int plane = (schedule.Vertical.PhaseOf(r) * schedule.Horizontal.Phases.Length)
                        + schedule.Horizontal.PhaseOf(s);
                    *to++ = (int)(item.ReadsImage
                        ? (c * x.C) + (grid.Rows[r].Offset * x.H) + (grid.Columns[s].Offset * x.W)
                        : (((nint)c * schedule.ChannelSize) + (plane * schedule.PlaneSize)
                            + (schedule.Vertical.StepOf(r) * schedule.Pitch) + schedule.Horizontal.StepOf(s)) * schedule.Batch);
                }
            }
        }
    }

    /// <summary>Lane 0 of chunk 0 begins with beta * dW and beta * db, all others with zeros.</summary>
    private static void Begin(in Job job, in Item item)
    {
        int ld = job.Schedule.LdOutputs;
        T* sums = item.Buffers.Sums, bias = sums + ((nint)item.Taps * ld), dw = Weights(in job, item, job.Problem.DW);
        new Span<T>(sums, (item.Taps + 1) * ld).Clear();
        bool isStarted = item.Chunk == 0 && job.Problem.Beta != T.Zero;
        nint filter = job.Schedule.Shape.Taps;
        for (int k = 0; k < item.Outputs && isStarted; k++)
        {
            for (int tap = 0; tap < item.Taps && item.OwnsWeights; tap++)
                sums[((nint)tap * ld) + k] = job.Problem.Beta * dw[(k * filter) + tap];
            if (item.OwnsBias)
                bias[k] = job.Problem.Beta * job.Problem.DB[Output(in job, item) + k];
        }

        if (item.OwnsWeights && job.Schedule.Lanes > 1)
            LaneSums<TVec, T>.Begin(sums, item.Taps, item.Outputs, ld, item.Buffers.Lanes);
        if (job.Schedule.Lanes > 1)
            LaneSums<TVec, T>.Begin(bias, 1, item.Outputs, ld, BiasLanes(in job, item));
    }

    private static T* BiasLanes(in Job job, in Item item) =>
        item.Buffers.Lanes + ((nint)item.Taps * item.Outputs * job.Schedule.Lanes);

    /// <summary>The item's first output channel.</summary>
    private static int Output(in Job job, in Item item) => (item.Group * job.Schedule.Shape.GroupOutputs) + item.FirstOutput;

    /// <summary>The item's first weight of some that are laid out as dW is.</summary>
    private static T* Weights(in Job job, in Item item, T* dw) =>
        dw + ((nint)Output(in job, item) * job.Schedule.Shape.Taps) + ((nint)item.FirstChannel * job.Schedule.Grid.Taps);

    private static void Sum(in Job job, in Item item)
    {
        ref readonly ImageGradientSchedule schedule = ref job.Schedule;
        BiasTree<T> bias = item.OwnsBias ? new(item.Buffers.BiasBlocks, schedule.OutputBlock) : BiasTree<T>.None;
        for (int row = item.FirstRow, rows; row < item.LastRow; row += rows)
        {
            rows = Math.Min(schedule.Rows, item.LastRow - row);
            for (int column = 0; column < schedule.Shape.Q && schedule.Batch > 0; column += schedule.Columns)
                SumPatch(in job, item, row, rows, column, ref bias);
        }

        Finish(in job, item, ref bias);
    }

    /// <summary>
    /// Adds virtual lanes and blocks of the bias, and writes the item's sums to dW and db, or to those of its chunk.
    /// </summary>
    private static void Finish(in Job job, in Item item, ref BiasTree<T> bias)
    {
        ref readonly ImageGradientSchedule schedule = ref job.Schedule;
        int ld = schedule.LdOutputs, lanes = schedule.Lanes;
        T* partial = job.Partial + (item.Chunk * ((nint)schedule.Shape.WeightCount + schedule.Shape.K)), sums = item.Buffers.Sums;
        if (item.OwnsWeights)
        {
            T* dw = Weights(in job, item, job.Chunks == 1 ? job.Problem.DW : partial);
            nint filter = schedule.Shape.Taps;
            if (lanes > 1)
                LaneSums<TVec, T>.End(item.Buffers.Lanes, item.Taps, item.Outputs, ld, sums);
            for (int k = 0; k < item.Outputs; k += TVec.Count)
                TransposePacking<TVec, T>.Transpose(sums + k, ld, item.Taps, Math.Min(TVec.Count, item.Outputs - k),
                    dw + (k * filter), filter, item.Taps);
        }

        if (!item.OwnsBias)
            return;
        T* db = (job.Chunks == 1 ? job.Problem.DB : partial + schedule.Shape.WeightCount) + Output(in job, item),
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
    private static void SumPatch(in Job job, in Item item, int row, int rows, int column, ref BiasTree<T> bias)
    {
        ref readonly ImageGradientSchedule schedule = ref job.Schedule;
        ref readonly WeightGradientProblem<T> problem = ref job.Problem;
        int columns = Math.Min(schedule.Columns, schedule.Shape.Q - column), width = columns * schedule.Batch;
        if (CallTrace.IsOn)
            CallTrace.Reach("strip", row);
        T* x = item.Buffers.Strip;
        nint channel = ((nint)item.Group * schedule.Shape.GroupChannels) + item.FirstChannel;
        T* image = problem.X + (channel * problem.XLayout.C);
        if (item.OwnsWeights && item.ReadsImage)
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
                AddPiece(in job, item, part, x + (i * item.Pitch) + at, ref bias);
            }
        }
    }

    /// <summary>Some positions, from position At of a column on, of some rows.</summary>
    private struct Piece
    {
        public int Row, Rows, Column, At, Length;
    }

    private static void AddPiece(in Job job, in Item item, in Piece piece, T* x, ref BiasTree<T> bias)
    {
        ref readonly ImageGradientSchedule schedule = ref job.Schedule;
        int* offsets = item.Buffers.Offsets;
        if (schedule.Lanes > 1)
        {
            PlaneRows<T> rows = CopyRows(in job, item, piece, ref bias);
            if (item.OwnsWeights)
                LaneSums<TVec, T>.Add(rows, item.Outputs, x, offsets, item.Taps, item.Pitch, item.Buffers.Lanes);
            return;
        }

        int ld = schedule.LdOutputs;
        T* dy = item.Buffers.DY, sums = item.Buffers.Sums;
        ForEachRun(in job, item, piece, ld, isTransposed: true);
        if (item.OwnsBias)
            WeightGradientSums<TVec, THalf, T, TVectors>.AddBias(
                dy, (nint)piece.Rows * piece.Length, ld, item.Outputs, sums + ((nint)item.Taps * ld), ref bias);
        PositionRows<T> positions = new() { Data = dy, Ld = ld, Rows = piece.Rows, Outputs = item.Outputs };
        if (item.OwnsWeights)
            WeightGradientSums<TVec, THalf, T, TVectors>.Add(
                piece.Length, item.Pitch, x, offsets, item.Taps, positions, null, sums, ld);
    }

    /// <summary>A piece of dY with zeros behind each row, which is added to the bias.</summary>
    private static PlaneRows<T> CopyRows(in Job job, in Item item, in Piece piece, ref BiasTree<T> bias)
    {
        ImageLayout layout = job.Problem.DYLayout;
        T* dy = First(in job, item, piece) + piece.At;
        if (!IsDense(in job))
        {
            nint pitch = LaneSums<TVec, T>.Pitch(piece.Length);
            ForEachRun(in job, item, piece, pitch, isTransposed: false);
            dy = item.Buffers.DY;
            layout = new(0, piece.Rows * pitch, pitch, 1);
        }

        return LaneSums<TVec, T>.Rows(dy, layout with { W = 1 }, item.Outputs, piece.Rows, piece.Length, item.Buffers.DY,
            BiasLanes(in job, item), ref bias);
    }

    /// <summary>Whether the images of a pixel of dY follow those of the pixel before without a gap.</summary>
    private static bool IsDense(in Job job) => job.Problem.DYLayout.W == job.Schedule.Batch || job.Schedule.Shape.Q == 1;

    /// <summary>The first image of a piece's column in dY.</summary>
    private static T* First(in Job job, in Item item, in Piece piece)
    {
        ImageLayout layout = job.Problem.DYLayout;
        return job.Problem.DY + (Output(in job, item) * layout.C) + (piece.Row * layout.H) + (piece.Column * layout.W);
    }

    /// <summary>
    /// Copies runs of neighbouring elements of dY, images of a pixel or all of a row, to rows that are <paramref name="pitch"/>
    /// apart, those of one output behind each other; or, transposed, to positions that are as far apart.
    /// </summary>
    private static void ForEachRun(in Job job, in Item item, in Piece piece, nint pitch, bool isTransposed)
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
                    T* to = item.Buffers.DY + ((((nint)row * piece.Length) + done) * pitch);
                    TransposePacking<TVec, T>.Transpose(from, layout.C, item.Outputs, count, to, pitch, (int)pitch);
                    continue;
                }

                for (int k = 0; k < item.Outputs; k++)
                    RowCopy<TVec, T>.Gather(
                        from + (k * layout.C), 1, item.Buffers.DY + ((((nint)k * piece.Rows) + row) * pitch) + done, count);
            }
        }
    }
}
