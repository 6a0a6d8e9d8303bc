return SimdConv.Bits.BitsCommand.Run(args);
