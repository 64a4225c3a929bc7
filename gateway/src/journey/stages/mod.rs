//! The stages of the journey, a file each. Each makes one proof that only it can make, and the next takes it by value.

pub mod accept;
pub mod admit;
pub mod authorise;
pub mod fetch;
pub mod ground;
pub mod identify;
pub mod minimise;
pub mod record;
pub mod reply;
pub mod withdraw;
