//! Whose access to the object store it is: a file as the tools of S3 have it.

use std::{fs, path::Path};

use zeroize::Zeroizing;

use super::fault::ObjectFault;
use crate::stores::tls::refuse_open_key;

/// An access key.
pub(super) struct Credentials {
    /// Its id, which is sent.
    pub(super) id: String,
    /// Its secret, which is not.
    pub(super) secret: Zeroizing<String>,
    /// Of a key that is lent for a while.
    pub(super) token: Option<Zeroizing<String>>,
}

impl Credentials {
    /// Reads them; only the first profile counts.
    ///
    /// # Errors
    /// When the file can be read by others, or has none.
    pub(super) fn read(path: &Path) -> Result<Self, ObjectFault> {
        refuse_open_key(path)?;
        let text = fs::read_to_string(path).map_err(|error| ObjectFault::Unreadable(path.to_owned(), error))?;
        Self::parse(&Zeroizing::new(text)).ok_or_else(|| ObjectFault::Credentials(path.to_owned()))
    }

    fn parse(text: &str) -> Option<Self> {
        let (mut id, mut secret, mut token) = (None, None, None);
        let mut profiles = 0;
        for line in text.lines().map(str::trim) {
            profiles += usize::from(line.starts_with('['));
            let Some((name, value)) = line.split_once('=').filter(|_| profiles < 2) else { continue };
            let value = value.trim();
            // It becomes part of a header.
            let is_sound = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic());
            let value = is_sound.then(|| Zeroizing::new(value.to_owned()));
            match name.trim() {
                "aws_access_key_id" => id = value,
                "aws_secret_access_key" => secret = value,
                "aws_session_token" => token = Some(value?),
                _ => {}
            }
        }
        let id = id.filter(|id| !id.contains(['/', ',', '=']))?;
        Some(Self { id: String::clone(&id), secret: secret?, token })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_profile_of_a_file_counts_and_half_of_one_does_not() {
        let read = |text: &str| {
            let read = Credentials::parse(text);
            read.map(|read| (read.id, read.secret.to_string(), read.token.map(|token| token.to_string())))
        };
        let pair = Some(("AK".to_owned(), "s/+=".to_owned(), None));
        assert_eq!(read("aws_access_key_id=AK\naws_secret_access_key=s/+="), pair);
        let two = "# ours\n[default]\naws_access_key_id = AK\nregion = x\naws_secret_access_key =  s/+= \n[other]\naws_access_key_id = B\n";
        assert_eq!(read(two), pair);
        let lent = read("aws_access_key_id=AK\naws_secret_access_key=s\naws_session_token=t").unwrap();
        assert_eq!(lent.2.as_deref(), Some("t"));
        for none in [
            "",
            "aws_access_key_id=AK",
            "aws_access_key_id=AK\naws_secret_access_key=",
            "aws_access_key_id=A B\naws_secret_access_key=s",
            "aws_access_key_id=A/B\naws_secret_access_key=s",
            "[a]\naws_access_key_id=AK\n[b]\naws_secret_access_key=s",
            "aws_access_key_id=AK\naws_secret_access_key=s\naws_session_token=\u{7f}",
        ] {
            assert!(read(none).is_none(), "{none}");
        }
    }
}
