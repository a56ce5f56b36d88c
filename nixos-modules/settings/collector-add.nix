# An operator that sets a field to what an expression of expr-lang gives.
id: field: expression: {
  type = "add";
  inherit id field;
  value = "EXPR(${expression})";
}
