//! The stages of the journey, a file each. Each makes one proof that only it can make and that owns what it proved; the
//! next stage takes it by value. Every proof lends the one evidence of its query, so that it cannot meet another's.

pub mod accept;
pub mod admit;
pub mod authorise;
pub mod fetch;
pub mod ground;
pub mod identify;
pub mod minimise;
pub mod withdraw;
