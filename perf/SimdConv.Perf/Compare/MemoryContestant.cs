using System.Numerics;
using System.Runtime.InteropServices;
using SimdConv.Core;
using SimdConv.Perf.Peers;

namespace SimdConv.Perf.Compare;

/// <summary>The limit of rows bound by memory: reads and writes as many bytes, and does nothing with them.</summary>
internal sealed unsafe class MemoryContestant(Traffic traffic, int threads) : Contestant(PeerSet.Memory)
{
    private readonly NativeArray<byte> source = new(traffic.Read), target = new(traffic.Written);

    public override IReadOnlyList<NativeArray> Results() => [];

    protected override void Call()
    {
        Job job = new()
        {
            Source = source.Pointer,
            Target = target.Pointer,
            Read = source.Length,
            Written = target.Length,
            Parts = threads,
        };
        Workers.Run(threads, threads, &RunPart, &job);
    }

    private static void RunPart(void* state, int part) => ((Job*)state)->Run(part);

    private struct Job
    {
        public byte* Source, Target;
        public long Read, Written;
        public int Parts;

        /// <summary>Copies what is both read and written; reads, or fills, what is left.</summary>
        public readonly void Run(int part)
        {
            (long readFrom, long readTo) = (Read * part / Parts, Read * (part + 1) / Parts);
            (long writeFrom, long writeTo) = (Written * part / Parts, Written * (part + 1) / Parts);
            long copied = Math.Min(readTo - readFrom, writeTo - writeFrom);
            Buffer.MemoryCopy(Source + readFrom, Target + writeFrom, copied, copied);
            NativeMemory.Fill(Target + writeFrom + copied, (nuint)(writeTo - writeFrom - copied),
                (byte)Touch(readFrom + copied, readTo));
        }

        /// <summary>Reads all bytes, and gives a number that depends on them.</summary>
        private readonly int Touch(long from, long to)
        {
            Vector<byte> a = default, b = default, c = default, d = default;
            long size = Vector<byte>.Count;
            for (; from + (4 * size) <= to; from += 4 * size)
            {
                a ^= Vector.Load(Source + from);
                b ^= Vector.Load(Source + from + size);
                c ^= Vector.Load(Source + from + (2 * size));
                d ^= Vector.Load(Source + from + (3 * size));
            }

            return Vector.Sum(a ^ b ^ c ^ d);
        }
    }
}
