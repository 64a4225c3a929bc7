//! Why an HTTP store's answer is none: never a word of the answer itself.

use crate::stores::examine::RowFault;

/// What is wrong with an answer, or why there is none.
#[derive(Clone, Debug, thiserror::Error)]
pub enum HttpFault {
    /// No connection.
    #[error("no connection to it: {0}")]
    Connect(std::io::ErrorKind),
    /// TLS was not agreed on, or a certificate is not trusted.
    #[error("no TLS with it: {0}")]
    Tls(String),
    /// The connection ended, or what came is no HTTP.
    #[error("its answer broke off, or is no HTTP/1.1")]
    Broken,
    /// Another status than 200.
    #[error("it answered with the status {0}")]
    Status(u16),
    /// It was compressed although it must not be.
    #[error("its answer is encoded ({0}), which it must not be")]
    Encoded(&'static str),
    /// A cache answered.
    #[error("its answer comes out of a cache: let no cache stand before it")]
    Cached,
    /// It is larger than the configuration allows.
    #[error("its answer is larger than `answer_bytes` allows ({0})")]
    TooLarge(usize),
    /// No charset that is read here.
    #[error("its answer is in a charset other than utf-8, gb18030, gbk and gb2312, or names two")]
    Charset,
    /// Bytes that are no text in its charset.
    #[error("its answer has bytes that are no text in its charset")]
    Undecodable,
    /// No JSON, or deeper than is read.
    #[error("its answer is no JSON, or is nested more than {0} deep")]
    NoJson(usize),
    /// One name twice in an object.
    #[error("its answer has a member twice in one object")]
    Twice,
    /// A member that must be there.
    #[error("its answer has no `{0}`")]
    Missing(String),
    /// A member of another type.
    #[error("`{0}` in its answer is of another type")]
    Untyped(String),
    /// It says itself that it is none.
    #[error("`{0}` in its answer does not say that it succeeded")]
    NotOk(String),
    /// It has other rows than it says.
    #[error("`{0}` in its answer is not the number of its rows: it is cut into pages, or wrong")]
    Partial(String),
    /// It is about somebody else.
    #[error("its answer is about another person than the one who was asked about")]
    AnotherPerson,
    /// A row that does not fit the data list.
    #[error("{0}")]
    Row(RowFault),
}

impl HttpFault {
    /// Whether the store answered, and what it answered about this person cannot be used.
    pub(in crate::stores) fn is_of_data(&self) -> bool {
        match self {
            Self::Undecodable
            | Self::NoJson(_)
            | Self::Twice
            | Self::Missing(_)
            | Self::Untyped(_)
            | Self::Partial(_)
            | Self::AnotherPerson
            | Self::TooLarge(_)
            | Self::Row(_) => true,
            Self::Connect(_)
            | Self::Tls(_)
            | Self::Broken
            | Self::Status(_)
            | Self::NotOk(_)
            | Self::Encoded(_)
            | Self::Cached
            | Self::Charset => false,
        }
    }
}
