// swift-tools-version: 6.2
import PackageDescription

// Swift settings of every target of ours: warnings stop the build, and an import says whether it is part of the API.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

/// A library target of ours; `Tests/<name>Tests` mirrors it.
func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.target(name: name)] + dependencies, swiftSettings: strict)
}

// Layers, from the bottom up; `Tests/ArchitectureTests` checks that imports point down only.
let package = Package(
  name: "apus",
  products: [
    .library(name: "Apus", targets: ["Apus"]),
    .executable(name: "apus", targets: ["ApusCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    // Without its traits: they bring Foundation and its 40 MB of ICU data.
    .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0", traits: []),
  ],
  targets: [
    .target(name: "CApusDrivers"),
    tests("CApusDrivers"),
    .target(name: "CApusKernels"),
    tests("CApusKernels"),
    .target(
      name: "CApusSystem",
      linkerSettings: [
        .linkedLibrary(":libjpeg.a"), .linkedLibrary(":libpng16.a"), .linkedLibrary(":libz.a"),
        .linkedLibrary(":libxxhash.a"),
      ]),
    library("ApusCore", ["CApusKernels", "CApusSystem"]),
    tests("ApusCore"),
    .target(name: "CApusPlugin"),
    library("ApusEngine", ["ApusCore", "CApusSystem", "CApusKernels", "CApusPlugin"]),
    tests("ApusEngine", ["ApusCore", "ApusOperators"]),
    library("ApusTactics", ["ApusCore", "ApusEngine"]),
    library("ApusOperators", ["ApusCore"]),
    tests("ApusOperators", ["ApusCore"]),
    library("ApusCPU", ["ApusCore", "ApusEngine", "ApusOperators", "CApusDrivers", "CApusKernels"]),
    library(
      "ApusCPUTactics", ["ApusCore", "ApusEngine", "ApusOperators", "ApusTactics", "ApusCPU", "CApusKernels"]),
    .target(
      name: "ApusTestSupport", dependencies: ["ApusCore", "ApusEngine", "ApusOperators", "ApusTactics"],
      path: "Tests/ApusTestSupport", swiftSettings: strict),
    tests("ApusCPU", ["ApusCore", "ApusOperators", "ApusTactics", "ApusCPUTactics", "ApusTestSupport"]),
    library("ApusOptimizer", ["ApusCore", "ApusOperators"]),
    tests("ApusOptimizer", ["ApusCore", "ApusOperators", "ApusTestSupport"]),
    library("ApusONNX", ["ApusCore", protobuf]),
    tests("ApusONNX", ["ApusCore", "ApusOperators", "ApusTestSupport", protobuf]),
    .target(name: "CApusCUDASources", exclude: ["Kernels"]),
    library("ApusCUDA", ["ApusCore", "ApusEngine", "CApusDrivers", "CApusCUDASources"]),
    library(
      "ApusCUDATactics", ["ApusCore", "ApusCPU", "ApusEngine", "ApusOperators", "ApusTactics", "ApusCUDA"]),
    tests(
      "ApusCUDATactics",
      [
        "ApusBuilder", "ApusCore", "ApusCPUTactics", "ApusCUDA", "ApusEngine", "ApusOperators",
        "ApusTactics", "ApusTestSupport",
      ]),
    tests("ApusCUDA", ["ApusCore", "CApusCUDASources"]),
    .executableTarget(
      name: "apus-gpu-check",
      dependencies: [
        "ApusBuilder", "ApusCPUTactics", "ApusCUDA", "ApusCUDATactics", "ApusCore", "ApusEngine",
        "ApusOperators", "ApusOptimizer", "ApusTactics", "ApusTestSupport", "ApusVision",
      ], swiftSettings: strict),
    library("ApusVision", ["ApusCore", "CApusSystem"]),
    tests("ApusVision", ["ApusCore"]),
    .testTarget(
      name: "ApusConformanceTests",
      dependencies: ["Apus", "ApusCore", "ApusOperators", "ApusONNX"],
      swiftSettings: strict),
    .testTarget(name: "ArchitectureTests", dependencies: ["ApusCore"], swiftSettings: strict),
    library(
      "ApusBuilder",
      [
        "ApusCore", "ApusEngine", "ApusOperators", "ApusONNX", "ApusOptimizer", "ApusTactics", "ApusVision",
      ]),
    tests(
      "ApusBuilder", ["ApusCore", "ApusCPUTactics", "ApusONNX", "ApusOperators", "ApusTactics", protobuf]),
    library(
      "Apus",
      [
        "ApusBuilder", "ApusCore", "ApusCPU", "ApusCPUTactics", "ApusCUDA", "ApusCUDATactics", "ApusEngine",
        "ApusOperators", "ApusTactics",
        "ApusVision", "CApusDrivers",
      ]),
    .target(name: "CApusTestSupport", path: "Tests/CApusTestSupport"),
    tests(
      "Apus",
      [
        "ApusBuilder", "ApusCore", "ApusEngine", "ApusOperators", "ApusTactics", "ApusTestSupport",
        "CApusTestSupport", "retinanet-postprocess",
      ]),
    .executableTarget(
      name: "retinanet-postprocess", dependencies: ["Apus"], path: "Examples/RetinaNet",
      exclude: [
        "README.md", "classes.txt", "export.py", "model.py", "pictures", "retinanet_small_shapes.onnx",
        "train.py",
      ], swiftSettings: strict
    ),
    .executableTarget(
      name: "ApusCommand",
      dependencies: ["Apus", "ApusONNX", "ApusOperators", "ApusTactics", "CApusSystem", arguments],
      swiftSettings: strict),
    .testTarget(
      name: "ApusCommandTests",
      dependencies: ["Apus", "ApusCommand", "ApusCore", "ApusEngine", "ApusTestSupport"],
      swiftSettings: strict),
  ],
  cLanguageStandard: .c2x
)
