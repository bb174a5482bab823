//! File names in the user metadata of an object.

/// Maximum encoded length of a name. S3 takes 2 kB of user metadata
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>).
const MAX_ENCODED_NAME_LENGTH: usize = 1900;

/// Encodes a name as ASCII, since user metadata is sent in headers. A name that is too long is
/// truncated.
pub(super) fn encode(name: &str) -> String {
    let mut encoded = String::new();
    for character in name.chars() {
        let mut bytes = [0; 4];
        let character = character.encode_utf8(&mut bytes);
        let more =
            percent_encoding::utf8_percent_encode(character, percent_encoding::NON_ALPHANUMERIC);
        let before = encoded.len();
        encoded.extend(more);
        if encoded.len() > MAX_ENCODED_NAME_LENGTH {
            encoded.truncate(before);
            break;
        }
    }
    encoded
}

/// Decodes a name that [`encode`] has encoded.
pub(super) fn decode(name: &str) -> String {
    percent_encoding::percent_decode_str(name)
        .decode_utf8_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_a_header() {
        let name = "Übung \"1\"\r\nx: y.mp4";
        let header = encode(name);
        assert!(header.is_ascii() && !header.contains(['\r', '\n', '"']));
        assert_eq!(decode(&header), name);
    }

    #[test]
    fn a_name_is_as_long_as_metadata_may_be() {
        for character in ["a", "ü", "視", "🎬"] {
            let name = character.repeat(255);
            let header = encode(&name);
            assert!(header.len() <= 1900, "{}", header.len());
            let kept = decode(&header);
            assert!(
                name.starts_with(&kept) && kept.chars().count() > 150,
                "{kept}"
            );
        }
    }
}
