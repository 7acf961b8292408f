//! Identifiers under 2.25 (PS3.5 B.2): a UUID, written as a decimal integer.

use sha2::{Digest, Sha256};

/// The identifier `2.25.<integer>` that belongs to `name`: the same name always gives the same identifier. The integer
/// is a custom-made UUID (version 8, RFC 9562) from the name's SHA-256; the text has at most 44 characters.
pub fn uid_from(name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes());
    let mut bytes = [0u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = (bytes[6] & 0x0F) | 0x80;
    bytes[8] = (bytes[8] & 0x3F) | 0x80;
    format!("2.25.{}", u128::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_valid_and_repeat() {
        let uid = uid_from("study 1");
        assert_eq!(uid, uid_from("study 1"));
        assert_ne!(uid, uid_from("study 2"));
        assert!(uid.len() <= 64 && uid.bytes().all(|b| b == b'.' || b.is_ascii_digit()));
        assert!(
            uid.split('.').all(|part| part == "0" || !part.starts_with('0')),
            "{uid}"
        );
    }
}
