//! Closed vocabularies: enums whose every variant has one fixed word on the wire.

/// Declares an enum with one wire word a variant: `as_str`, `parse`, `ALL`, `Display` and serde by that word.
///
/// The words stand once, beside their variants, so that a list, a parser and a printer cannot disagree.
macro_rules! words {
    ($(#[$meta:meta])* $what:literal $vis:vis $name:ident {
        $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)+
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name {
            $($(#[$variant_meta])* $variant,)+
        }

        impl $name {
            /// Every variant, in the order of declaration.
            $vis const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word that stands for it on the wire, in files and in the log.
            #[must_use]
            $vis const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// The variant of a word; `None` for any other text.
            #[must_use]
            $vis fn parse(text: &str) -> Option<Self> {
                match text {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| {
                    serde::de::Error::custom(format_args!(
                        concat!("`{}` is no ", $what, ": use one of {}"),
                        text,
                        [$($word),+].join(", "),
                    ))
                })
            }
        }
    };
}

pub(crate) use words;
