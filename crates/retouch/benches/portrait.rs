//! What each step costs on a 24-megapixel portrait that the bench makes itself.

fn main() {
    divan::main();
}
