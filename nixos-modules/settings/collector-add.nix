# Operators that set a field to what an expression of expr-lang gives: always, or where another holds.
rec {
  add = id: field: expression: {
    type = "add";
    inherit id field;
    value = "EXPR(${expression})";
  };
  addIf =
    condition: id: field: expression:
    add id field expression // { "if" = condition; };
}
