//! No key is printed, and the ring is not copied.

use credit_keys::{Kek, LogSigner, Pseudonyms, Ring, Sealer};

fn printed<T: std::fmt::Debug>() {}
fn copied<T: Clone>() {}

fn main() {
    printed::<Ring>();
    printed::<Kek>();
    printed::<LogSigner>();
    printed::<Pseudonyms>();
    printed::<Sealer>();
    copied::<Ring>();
    copied::<Kek>();
}
