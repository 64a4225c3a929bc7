//! Codes of places, by ISO 3166: `CN`, `CN-SD`; and of their cities, with two digits of GB/T 2260: `CN-GD-13`.

/// The provinces and what is of their rank, by ISO 3166-2:CN.
const PROVINCES: [&str; 34] = [
    "AH", "BJ", "CQ", "FJ", "GD", "GS", "GX", "GZ", "HA", "HB", "HE", "HI", "HK", "HL", "HN", "JL", "JS", "JX", "LN",
    "MO", "NM", "NX", "QH", "SC", "SD", "SH", "SN", "SX", "TJ", "TW", "XJ", "XZ", "YN", "ZJ",
];

/// Whether a code may be that of a place: in China one of its provinces, or a city of one. The made-up city of the demo is
/// none. Of another country no more is known than its form.
#[must_use]
pub fn is_place(code: &str) -> bool {
    let mut parts = code.split('-');
    let country = parts.next().unwrap_or_default();
    let (province, city, more) = (parts.next(), parts.next(), parts.next());
    if country != "CN" {
        return country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase());
    }
    let is_city = |code: &str| code.len() == 2 && code != "00" && code.bytes().all(|byte| byte.is_ascii_digit());
    province.is_none_or(|province| PROVINCES.contains(&province)) && city.is_none_or(is_city) && more.is_none()
}

#[cfg(test)]
mod tests {
    use super::is_place;

    #[test]
    fn a_place_is_a_country_a_province_or_a_city() {
        for code in ["CN", "CN-SD", "CN-GD-13", "CN-XZ", "CN-TW", "SG"] {
            assert!(is_place(code), "{code}");
        }
        for code in
            ["", "cn", "CN-", "CN-XX", "CN-sd", "CN-GD-1", "CN-GD-00", "CN-GD-13-1", "CN-99-01", "China", "CN_SD"]
        {
            assert!(!is_place(code), "{code}");
        }
    }
}
