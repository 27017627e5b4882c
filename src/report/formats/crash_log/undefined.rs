//! What the sanitizer of undefined behaviour says, by kinds.

/// What a message contains, and the kind that it is; the first that fits counts.
const KINDS: [(&str, &str); 33] = [
    ("control flow integrity check", "Bad-cast"),
    ("does not point to an object of type", "Bad-cast"),
    ("upcast of null pointer", "Upcast-of-null-pointer"),
    ("applying non-zero offset", "Pointer-overflow"),
    ("null pointer passed as argument", "Invalid-null-argument"),
    ("null pointer returned from function", "Invalid-null-return"),
    ("store to null pointer", "Null-dereference WRITE"),
    ("load of null pointer", "Null-dereference READ"),
    ("null pointer", "Null-dereference"),
    ("misaligned address", "Misaligned-address"),
    ("insufficient space for an object", "Object-size"),
    ("unsigned integer overflow", "Unsigned-integer-overflow"),
    ("signed integer overflow", "Integer-overflow"),
    ("negation of", "Integer-overflow"),
    ("division by zero", "Divide-by-zero"),
    ("division of", "Integer-overflow"),
    ("out of bounds for type", "Index-out-of-bounds"),
    ("shift exponent", "Undefined-shift"),
    ("left shift of", "Undefined-shift"),
    ("outside the range of representable values", "Float-cast-overflow"),
    ("implicit conversion", "Implicit-conversion"),
    ("not a valid value for type 'bool'", "Invalid-bool-value"),
    ("not a valid value for type 'BOOL'", "Invalid-bool-value"),
    ("not a valid value for type", "Invalid-enum-value"),
    ("variable length array bound", "Non-positive-vla-bound-value"),
    ("without returning a value", "No-return-value"),
    ("unreachable program point", "Unreachable code"),
    ("pointer index expression", "Pointer-overflow"),
    ("addition of unsigned offset", "Pointer-overflow"),
    ("subtraction of unsigned offset", "Pointer-overflow"),
    ("assumption is violated", "Assumption-violation"),
    ("incorrect function type", "Incorrect-function-pointer-type"),
    ("passing zero to", "Invalid-builtin-use"),
];

/// The kind of a message.
pub(super) fn kind(message: &str) -> &'static str {
    KINDS.iter().find(|(words, _)| message.contains(words)).map_or("Undefined-behavior", |(_, kind)| kind)
}
