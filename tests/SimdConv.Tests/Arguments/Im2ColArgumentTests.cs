namespace SimdConv.Tests.Arguments;

public sealed class Im2ColArgumentTests
{
    private static readonly IndexTable Table = new(new Conv2DShape(2, 5, 4, 1, 2, 2));

    private static readonly ColumnLayout Layout = ColumnLayout.PerImage(Table);

    /// <summary>Two images of 2 x 5 x 4 pixels, 8 x 12 columns each.</summary>
    private const int Batch = 2, X = 80, Columns = 192;

    private static readonly BadCall[] Calls =
    [
        new("no shape", typeof(ArgumentNullException), ["shape"], _ => new IndexTable(null!)),
        BadCall.OutOfRange("kernel that doesn't fit", "shape.R", 6, _ => new IndexTable(new(2, 5, 4, 1, 6, 2))),
        new("Unfold: no table", typeof(ArgumentNullException), ["table"],
            m => SimdConv.Im2Col.Unfold<float>(null!, Batch, m.A(X), m.C(Columns), Layout)),
        BadCall.OutOfRange("Unfold: batch -1", "batch", -1,
            m => SimdConv.Im2Col.Unfold<float>(Table, -1, m.A(X), m.C(Columns), Layout)),
        BadCall.TooShort("Unfold: x one short", "x", X - 1, X,
            m => SimdConv.Im2Col.Unfold<float>(Table, Batch, m.A(X - 1), m.C(Columns), Layout)),
        BadCall.TooShort("Unfold: columns one short", "columns", Columns - 1, Columns,
            m => SimdConv.Im2Col.Unfold<float>(Table, Batch, m.A(X), m.C(Columns - 1), Layout)),
        BadCall.Overlap("Unfold: columns begin in x", "columns", "x",
            m => SimdConv.Im2Col.Unfold<float>(Table, Batch, m.A(X), m.Elements.AsSpan(X - 1, Columns), Layout)),
        BadLayout("rows that overlap", new(11, 96)),
        BadLayout("images that overlap", new(12, 11)),
        BadLayout("images that interleave with rows", new(12, 48)),
        BadLayout("negative row stride", new(-12, 96)),
        BadLayout("negative image stride", new(12, -96)),
        NoTier("Unfold: tier", (m, e) => SimdConv.Im2Col.Unfold<float>(Table, Batch, m.A(X), m.C(Columns), Layout, e)),
        new("Unfold: element type", typeof(NotSupportedException), ["System.Half"],
            _ => SimdConv.Im2Col.Unfold<Half>(Table, 1, new Half[X], new Half[Columns], Layout)),

        new("Fold: no table", typeof(ArgumentNullException), ["table"],
            m => Col2Im.Fold<float>(null!, Batch, m.C(Columns), Layout, m.A(X))),
        BadCall.OutOfRange("Fold: batch -1", "batch", -1, m => Col2Im.Fold<float>(Table, -1, m.C(Columns), Layout, m.A(X))),
        BadCall.TooShort("Fold: x one short", "x", X - 1, X,
            m => Col2Im.Fold<float>(Table, Batch, m.C(Columns), Layout, m.A(X - 1))),
        BadCall.TooShort("Fold: columns one short", "columns", Columns - 1, Columns,
            m => Col2Im.Fold<float>(Table, Batch, m.C(Columns - 1), Layout, m.A(X))),
        BadCall.Overlap("Fold: x is in the columns", "x", "columns",
            m => Col2Im.Fold<float>(Table, Batch, m.A(Columns), Layout, m.A(X))),
        NoTier("Fold: tier", (m, e) => Col2Im.Fold<float>(Table, Batch, m.C(Columns), Layout, m.A(X), e)),
    ];

    public static TheoryData<string> Names => BadCall.Names(Calls);

    [Theory, MemberData(nameof(Names))]
    public void IsRefusedAndTouchesNothing(string name) => BadCall.Check(Calls, name);

    private static BadCall BadLayout(string name, ColumnLayout layout) =>
        new($"Unfold: {name}", typeof(ArgumentOutOfRangeException), [$"layout is {layout}; expected strides"],
            m => SimdConv.Im2Col.Unfold<float>(Table, Batch, m.A(X), m.C(Columns), layout));

    private static BadCall NoTier(string name, Action<Operands, Execution> run) =>
        new(name, typeof(ArgumentException), ["execution.Tier is 9; expected one of"],
            memory => run(memory, new(1, null, (SimdTier)9)));
}
