//! The data stores behind the gateway. One kind so far: the embedded SQLite store.

pub mod figures;
pub mod sqlite;

/// Tables of the embedded store.
pub const SCHEMA: &str = include_str!("schema.sql");
