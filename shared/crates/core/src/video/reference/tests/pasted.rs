//! References as people paste them.

use super::*;

/// Text as a JSON string, expected id, source. Collected from public threads and test suites.
const PASTED: &str = include_str!("../../../../../../../tests/data/youtube-pasted.tsv");

const ID: &str = "dQw4w9WgXcQ";

fn pasted() -> impl Iterator<Item = (String, String)> {
    PASTED
        .lines()
        .filter(|row| !row.starts_with('#'))
        .map(|row| {
            let mut fields = row.split('\t');
            let text = serde_json::from_str(fields.next().unwrap()).expect(row);
            (text, fields.next().expect(row).to_owned())
        })
}

#[test]
fn every_pasted_text_gives_its_id() {
    let rows: Vec<_> = pasted().collect();
    assert!(rows.len() > 25, "{} rows", rows.len());
    for (text, id) in rows {
        assert_eq!(id_of(&text), Ok(canonical(&id)), "{text:?}");
    }
}

/// Ways to write an address of one video.
fn addresses() -> Vec<String> {
    [
        "https://www.youtube.com/watch?v=ID",
        "https://youtu.be/ID?si=B_RZg_I-lLaa7UU-",
        "https://www.youtube.com/watch?list=PL1&v=ID&t=9s",
        "https://m.youtube.com/shorts/ID",
        "HTTPS://WWW.YouTube.COM/live/ID?feature=share",
        "http://www.youtube.com:80/embed/ID",
    ]
    .map(|form| form.replace("ID", ID))
    .to_vec()
}

#[test]
fn text_around_a_link_is_left_aside() {
    for address in addresses() {
        for (before, after) in [
            ("", " "),
            ("Check out this video\n", ""),
            ("Title: \"Rust, part 1\" | ", "\r\nSent from my phone"),
            ("(", ")."),
            ("\u{201c}", "\u{201d},"),
            ("\u{201e}", "\u{201c}"),
            ("\u{ab}\u{a0}", "\u{a0}\u{bb}"),
            ("\u{300c}", "\u{300d}\u{3002}"),
            ("<", ">"),
            ("'", "'!"),
            ("`", "`"),
            ("**", "**"),
            ("_", "_"),
            ("[talk](", ")"),
            ("[talk]: ", ""),
            ("[url=", "]talk[/url]"),
            ("<a href=\"", "\">talk</a>"),
            ("<a href=&quot;", "&quot;&gt;talk"),
            ("{\"url\": \"", "\"}"),
            ("\u{1f449}", "\u{1f448}"),
            ("\u{94fe}\u{63a5}\u{ff1a}", "\u{ff0c}\u{8c22}\u{8c22}"),
            ("See", ""),
            ("see:", ";"),
            ("\u{feff}\u{200e}", "\u{200b}\u{ad}"),
            ("\u{2066}", "\u{2069}"),
            ("me@example.com wrote, e.g. in notes.txt: ", " :)"),
            ("via youtube.com: ", ""),
        ] {
            let text = format!("{before}{address}{after}");
            assert_eq!(id_of(&text).as_deref(), Ok(ID), "{text:?}");
        }
    }
}

#[test]
fn escapes_around_an_address_are_undone() {
    for text in [
        "https:\\/\\/www.youtube.com\\/watch?v=ID",
        "https://www.youtube.com/watch?list=x\\u0026v=ID",
        "https://www.youtube.com/watch?a=1&#38;v=ID&#x26;b=2",
        "https:\\\\www.youtube.com\\watch?v=ID",
        "https:/youtu.be/ID",
        "https:youtu.be/ID",
        "https: //youtu.be/ID",
        "https://https://youtu.be/ID",
        "www.youtube.com%2Fwatch%3Fv%3DID",
        "youtu.be%2FID",
        "https%253A%252F%252Fyoutu.be%252FID",
        "url=https%3A%2F%2Fyoutu.be%2FID%3Fsi%3Dx",
        "https://www.youtube.com/watch%3Fv%3DID",
        "https://www.youtube.com/watch%3Fv=ID&t=1",
        "https://youtu.be/ID%3Fsi%3Dabc",
        "https://youtu.be/ID%E2%80%8B",
        "https://www.youtube.com/watch?v=%20ID",
        "https://www.youtube.com/watch?v=%22ID%22",
        "https://www.youtube.com/watch?a%26amp%3Bb&v=ID",
        "https://youtu.be/dQw4\u{200b}w9WgXcQ",
        "https://you\u{ad}tu.be/ID",
        "https://youtu.be/\u{a0}ID",
        "https://youtu.be/dQw4w9\u{202f}WgXcQ",
        "dQw4\u{200d}w9WgXcQ",
    ] {
        let text = text.replace("ID", ID);
        assert_eq!(id_of(&text).as_deref(), Ok(ID), "{text:?}");
    }
}

#[test]
fn every_page_of_a_video_names_it() {
    for text in [
        "http://www.youtube.com:443/watch?v=ID",
        "https://www.youtube.com/watch?v=ID/",
        "https://www.youtube.com/watch/?vi=ID",
        "https://www.youtube.com/watch&v=ID",
        "https://www.youtube.com/watch/ID?x",
        "https://www.youtube.com/watch/v=ID",
        "https://www.youtube.com/v=ID",
        "https://www.youtube.com/Watch?V=ID",
        "https://www.youtube.com/watch?feature=share?v=ID",
        "https://www.youtube.com/watch?v=https://youtu.be/ID",
        "https://www.youtube.com/playlist?list=PL0123456789ABCDEF&v=ID",
        "https://www.youtube.com/live_chat?v=ID",
        "https://www.youtube.com/get_video_info?video_id=ID",
        "https://www.youtube.com/watch_videos?video_ids=ID",
        "https://www.youtube.com/tv#/watch?v=ID",
        "https://www.youtube.com/SilkRoadTheatre#p/a/u/2/ID",
        "https://www.youtube.com/c/Silk#p/u/1/ID?rel=0",
        "https://music.youtube.com/browse/MPEDID",
        "https://music.youtube.com/podcast/ID",
        "https://tv.youtube.com/watch/ID",
        "https://kids.youtube.com/watch?v=ID",
        "https://www.youtubeeducation.com/embed/ID?x=1",
        "https://de.m.youtube.com/watch?v=ID",
        "https://youtu.be/ID/",
        "https://youtu.be/ID/sub",
        "https://youtu.be/shorts/ID",
        "https://youtu.be/?v=ID",
        "https://studio.youtube.com/video/ID/analytics/tab-overview/period-default",
        "https://studio.youtube.com/video/ID/livestreaming",
        "https://i.ytimg.com/vi_webp/ID/maxresdefault.webp",
        "https://i4.ytimg.com/an_webp/ID/mqdefault_6s.webp",
        "https://www.youtube.com/redirect?event=comments&q=https%3A%2F%2Fyoutu.be%2FID",
        "https://www.youtube.com/verify_age?next_url=%2Fwatch%3Fv%3DID",
        "https://www.google.de/url?q=https://www.youtube.com/watch%3Fv%3DID&sa=D",
        "https://www.google.co.uk/url?q=my+search&url=https%3A%2F%2Fyoutu.be%2FID",
        "https://consent.youtube.com/m?continue=https%3A%2F%2Fyoutu.be%2FID&gl=DE",
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fyoutu.be%2FID&h=AT0",
        "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fyoutu.be%2FID&data=05",
        "youtube:ID",
        "vnd.youtube://ID?t=9",
        "youtube://www.youtube.com/watch?v=ID",
        "youtube:///watch?v=ID",
        "intent://www.youtube.com/watch?v=ID#Intent;package=com.google.android.youtube;end",
        "yt:ID",
        "yt:video:ID",
        "watch?v=ID",
        "/watch?v=ID&t=1",
        "ID?t=9",
        "\u{201c}ID\u{201d}",
        "(ID).",
    ] {
        let text = text.replace("ID", ID);
        assert_eq!(id_of(&text).as_deref(), Ok(ID), "{text:?}");
    }
}

#[test]
fn two_links_to_one_video_are_one_video() {
    for text in [
        "https://youtu.be/ID https://www.youtube.com/watch?v=ID&t=9",
        "https://youtu.be/IDhttps://youtu.be/ID",
        "youtu.be/ID, youtu.be/ID",
        "[![talk](https://img.youtube.com/vi/ID/0.jpg)](https://www.youtube.com/watch?v=ID)",
        "[https://youtu.be/ID](https://youtu.be/ID)",
        "<a href='https://youtu.be/ID'>https://www.youtube.com/watch?v=ID</a>",
    ] {
        let text = text.replace("ID", ID);
        assert_eq!(id_of(&text).as_deref(), Ok(ID), "{text:?}");
    }
}

#[test]
fn reference_refuses_other_pages_with_their_reason() {
    use NotAVideo::*;
    use NotAnAddress::*;
    for (text, refusal) in [
        (
            "https://youtu.be/ID and https://youtu.be/jNQXAC9IVRw",
            Address(SeveralLinks),
        ),
        ("youtu.be/ID\nyoutu.be/jNQXAC9IVRw", Address(SeveralLinks)),
        (
            "https://youtu.be/IDhttps://youtu.be/jNQXAC9IVRw",
            Address(SeveralLinks),
        ),
        (
            "https://youtu.be/ID https://example.com/",
            Address(SeveralLinks),
        ),
        (
            "https://youtu.be/ID https://www.youtube.com/@someone",
            Address(SeveralLinks),
        ),
        ("watch my video ID", Address(NotAUrl)),
        ("mail me@youtube.com", Address(NotAUrl)),
        ("\u{200b}\u{feff}", Address(Empty)),
        (
            "see https://www.youtube.com.evil.example/watch?v=ID",
            Address(LookalikeHost),
        ),
        ("see evil-youtube.com/watch?v=ID", Address(LookalikeHost)),
        (
            "see https://www.youtube.com@evil.example/watch?v=ID",
            Address(CredentialsInUrl),
        ),
        (
            "see www.youtube.com@evil.example/watch?v=ID",
            Address(CredentialsInUrl),
        ),
        (
            "https://youtube.com%40evil.example/watch?v=ID",
            Address(NotAUrl),
        ),
        (
            "https://evil.example/?u=https://youtu.be/ID",
            Address(UnsupportedHost),
        ),
        (
            "https://www.google.com/search?q=https://youtu.be/ID",
            Address(UnsupportedHost),
        ),
        (
            "https://google.evil.example/url?q=https://youtu.be/ID",
            Address(UnsupportedHost),
        ),
        (
            "https://www.google.com/url?q=https://evil.example/ID",
            Address(UnsupportedHost),
        ),
        ("https://www.google.com/url?sa=t", MissingId),
        (
            "JavaScript:alert('https://youtu.be/ID')",
            Address(UnsupportedScheme),
        ),
        (
            "java\u{ad}script:location='https://youtu.be/ID'",
            Address(UnsupportedScheme),
        ),
        ("see ftp://youtu.be/ID", Address(UnsupportedScheme)),
        ("@someone", Channel),
        ("@programming", Channel),
        ("https://www.youtube.com/@someone/live", LiveStream),
        ("https://www.youtube.com/post/UgkxIDIDIDIDID", Post),
        (
            "https://www.youtube.com/channel/UC7_YxT-KID8kRbqZo7MyscQ/community?lb=Ugkx1",
            Post,
        ),
        (
            "https://studio.youtube.com/playlist/PL0123456789ABCDEF/edit",
            Playlist,
        ),
        (
            "https://music.youtube.com/browse/MPREb_gTAcphH99wE",
            Playlist,
        ),
        (
            "Look: https://www.youtube.com/playlist?list=PL0123456789ABCDEF.",
            Playlist,
        ),
        ("https://www.youtube.com/shorts", MissingId),
        ("https://www.youtube.com/watch?v=", MissingId),
        (
            "https://www.youtube.com/watch?v=dQw4w9W\u{2026}",
            TruncatedId,
        ),
        ("https://youtu.be/dQw4w9WgXcQQ", OverlongId),
        ("https://www.youtube.com/", OtherPage),
        ("I like youtube.com", OtherPage),
    ] {
        let text = text.replace("ID", ID);
        assert_eq!(id_of(&text), Err(refusal), "{text:?}");
    }
}

proptest! {
    #[test]
    fn text_around_a_link_changes_nothing(
        address in proptest::sample::select(addresses()),
        before in "([\\p{L}.,!?]{1,8}[ \n\u{3000}]){0,4}[(<\"\u{201c}\u{2068}\u{feff}]?",
        after in "[)>\"\u{201d}\u{2069}\u{ad}.,]{0,3}([ \n][\\p{L}.,!?]{1,8}){0,4}",
    ) {
        let text = format!("{before}{address}{after}");
        prop_assert_eq!(id_of(&text), Ok(ID.to_owned()), "{:?}", text);
    }

    #[test]
    fn another_id_is_never_made_up(before in "\\PC{0,20}", after in "\\PC{0,20}", id in "[A-Za-z0-9_-]{11}") {
        let text = format!("{before} https://youtu.be/{id} {after}");
        if let Ok(found) = id_of(&text) {
            prop_assert_eq!(found, canonical(&id));
        }
    }
}
