"""Writes Sources/ApusONNX/Generated/{OperatorSchemas,SchemaFunctionBodies}.swift from the Python package `onnx`.

A schema is one line: domain|name|since|inputs|outputs|deprecated|attributes. Inputs and outputs are one letter a formal
parameter (s single, o optional, v variadic) behind the smallest and largest count; an attribute is name:type, with an
exclamation mark when it is required, type being a number of AttributeProto.AttributeType. A function body is one line:
domain|name|since|version|base64 of a FunctionProto, defaults of attributes included.
"""
import base64
import os

import onnx
from onnx import defs

OUT = os.path.join(os.path.dirname(__file__), "..", "Sources", "ApusONNX", "Generated")
OPTION = {"Single": "s", "Optional": "o", "Variadic": "v"}


def formal(parameters, low, high):
    kinds = "".join(OPTION[p.option.name] for p in parameters)
    return f"{low},{high if high < 1 << 30 else '*'},{kinds}"


def schema_line(s):
    attributes = " ".join(
        f"{a.name}:{int(a.type.value)}{'!' if a.required else ''}" for a in sorted(s.attributes.values(), key=lambda a: a.name))
    return "|".join([
        s.domain, s.name, str(s.since_version), formal(s.inputs, s.min_input, s.max_input),
        formal(s.outputs, s.min_output, s.max_output), "d" if s.deprecated else "", attributes])


def function_lines(s):
    if not s.has_function:
        return
    for version in s.function_opset_versions:
        function = onnx.FunctionProto()
        body = s.get_function_with_opset_version(version)
        function.ParseFromString(body if isinstance(body, bytes) else body.SerializeToString())
        function.ClearField("doc_string")
        if not function.opset_import:
            function.opset_import.add(domain=s.domain, version=version)
        for attribute in s.attributes.values():
            if attribute.default_value.type != onnx.AttributeProto.UNDEFINED:
                default = function.attribute_proto.add()
                default.CopyFrom(attribute.default_value)
                default.name = attribute.name
                default.ClearField("doc_string")
        encoded = base64.b64encode(function.SerializeToString(deterministic=True)).decode()
        yield "|".join([s.domain, s.name, str(s.since_version), str(version), encoded])


def write(name, doc, constants, lines):
    path = os.path.join(OUT, name + ".swift")
    with open(path, "w") as out:
        out.write("// swift-format-ignore-file\n// Written by Scripts/generate-onnx-schemas.py; do not edit.\n\n")
        out.write(f"/// {doc}\nenum {name} {{\n{constants}  static let text = #\"\"\"\n")
        out.writelines(f"    {line}\n" for line in lines)
        out.write('    """#\n}\n')
    print(path, os.path.getsize(path))


schemas = sorted(defs.get_all_schemas_with_history(), key=lambda s: (s.domain, s.name, s.since_version))
schemas = [s for s in schemas if s.support_level == s.SupportType.COMMON]
newest = {s.domain: 0 for s in schemas}
for s in schemas:
    newest[s.domain] = max(newest[s.domain], s.since_version)
newest[""] = defs.onnx_opset_version()
table = ", ".join(f'"{d}": {v}' for d, v in sorted(newest.items()))
constants = f"""  /// Newest IR version, and newest operator set of every domain, of onnx {onnx.__version__}.
  static let irVersion = {onnx.IR_VERSION}
  static let newest = [{table}]
"""
write("OperatorSchemas", f"The operators of onnx {onnx.__version__}, one line a version; the script says how to read one.",
      constants, [schema_line(s) for s in schemas])
write("SchemaFunctionBodies", f"Serialized function bodies of operators of onnx {onnx.__version__}; the script says how to read a line.",
      "", [line for s in schemas for line in function_lines(s)])
