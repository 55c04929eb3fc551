public import ApusCore

/// A plugin with an implementation for the CPU beside its reference.
///
/// Implementations for GPUs take the same place: their device asks operators for kernels of its own.
public protocol CPUPlugin: PluginOperator {
  /// The implementation for fixed shapes: row-major tensors in and out. `scratchBytes` of the result is the workspace;
  /// `run` writes every element of every output that is read.
  func prepareForCPU(_ context: PrepareContext) throws -> PreparedKernel
}
