//! Tests with the corpus, of each refusal, and of properties of any text.

use proptest::prelude::*;

use super::*;
use crate::video::NotAnAddress;

mod pasted;

/// Address, expected id or `-`, source. Collected from the test suites of other programs.
const CORPUS: &str = include_str!("../../../../../../tests/data/youtube-urls.tsv");

/// Rows of the corpus that are decided differently here, with the id or the refusal, and why.
const DECIDED_OTHERWISE: &[(&str, Result<&str, NotAVideo>, &str)] = &[(
    "https://consent.youtube.com/m?continue=https%3A%2F%2Fwww.youtube.com%2Flive%2FqVv6vCqciTM%3Fcbrd%3D1&gl=NL&m=0&pc=yt&hl=en&src=1",
    Ok("qVv6vCqciTM"),
    "visitors in Europe find this in their address bar, and it names the video exactly",
)];

fn id_of(text: &str) -> Result<String, NotAVideo> {
    parse(text).map(|reference| reference.id.as_str().to_owned())
}

fn canonical(id: &str) -> String {
    YouTubeId::parse(id).unwrap().as_str().to_owned()
}

#[test]
fn every_row_of_the_corpus_is_decided() {
    let (mut accepted, mut refused, mut otherwise) = (0, 0, 0);
    for row in CORPUS.lines().filter(|row| !row.starts_with('#')) {
        let mut fields = row.split('\t');
        let (url, expected) = (fields.next().unwrap(), fields.next().expect(row));
        let decided = DECIDED_OTHERWISE.iter().find(|(other, ..)| *other == url);
        let outcome = id_of(url);
        match decided {
            Some((_, ours, reason)) => {
                otherwise += 1;
                assert_eq!(outcome, ours.map(canonical), "{url:?}: {reason}");
                assert_ne!(
                    outcome.ok(),
                    Some(expected.to_owned()),
                    "{url:?} is no exception"
                );
            }
            None if expected == "-" => {
                refused += 1;
                assert!(outcome.is_err(), "{url:?} gave {outcome:?}");
            }
            None => {
                accepted += 1;
                assert_eq!(outcome, Ok(canonical(expected)), "{url:?}");
            }
        }
    }
    assert_eq!(otherwise, DECIDED_OTHERWISE.len());
    assert!(
        accepted > 50 && refused > 40,
        "{accepted} accepted, {refused} refused: rows are lost"
    );
}

#[test]
fn forms_of_an_address_that_the_corpus_lacks() {
    for url in [
        "  https://youtu.be/dQw4w9WgXcQ \n",
        "HTTPS://YOUTU.BE/dQw4w9WgXcQ",
        "www.youtube.com:443/watch?v=dQw4w9WgXcQ",
        "http://www.youtube.com:80/watch?v=dQw4w9WgXcQ",
        "https://www.youtube.com./watch?v=dQw4w9WgXcQ",
        "https://www.youtube.com/watch/?v=dQw4w9WgXcQ",
        "https://www.youtube.com//watch?v=dQw4w9WgXcQ",
        "https://www.youtube.com/?v=dQw4w9WgXcQ",
        "https://www.youtube.com/watch#!v=dQw4w9WgXcQ",
        "https://www.youtube.com/watch?list=PL1&amp;v=dQw4w9WgXcQ",
        "https://www.youtube.com/watch?list=PL1&amp;amp;v=dQw4w9WgXcQ",
        "https://www.youtube.com/watch?pv=AAAAAAAAAAA&v=dQw4w9WgXcQ",
        "https://www.youtube.com/shorts/dQw4w9WgXcQ/",
        "youtube-nocookie.com/embed/dQw4w9WgXcQ",
        "https://youtu.be/watch?v=dQw4w9WgXcQ",
        "https://www.youtube.com/oembed?url=https%3A%2F%2Fyoutu.be%2FdQw4w9WgXcQ&format=json",
        "https://www.youtube.com/attribution_link?a=8g8kPrPIi-ecwIsS&u=/watch%3Fv%3DdQw4w9WgXcQ",
        "https://i.ytimg.com/vi/dQw4w9WgXcQ/hqdefault.jpg",
        "https://img.youtube.com/vi/dQw4w9WgXcQ/0.jpg",
        "https://www.youtube.com/watch?v=dQw4w9WgXcR",
    ] {
        assert_eq!(id_of(url).as_deref(), Ok("dQw4w9WgXcQ"), "{url:?}");
    }
}

#[test]
fn a_refusal_says_what_the_text_is() {
    use NotAVideo::*;
    use NotAnAddress::*;
    let too_long = format!("https://youtu.be/dQw4w9WgXcQ?x={}", "x".repeat(MAX_BYTES));
    let deep = "https://www.youtube.com/oembed?url=".to_owned()
        + &"https://www.youtube.com/oembed?url=".repeat(5);
    for (url, refusal) in [
        ("", Address(Empty)),
        (" \t\n ", Address(Empty)),
        (too_long.as_str(), Address(TooLong)),
        ("hello world", Address(NotAUrl)),
        ("dQw4w9WgXc", Address(NotAUrl)),
        ("/dQw4w9WgXcQ", Address(NotAUrl)),
        ("https://", Address(NotAUrl)),
        ("https://www.youtube.com/wat\nch?v=dQw4w9WgXcQ", OtherPage),
        (
            "ftp://www.youtube.com/watch?v=dQw4w9WgXcQ",
            Address(UnsupportedScheme),
        ),
        (
            "file:///www.youtube.com/watch?v=dQw4w9WgXcQ",
            Address(UnsupportedScheme),
        ),
        (
            "javascript:alert(\"youtube.com/watch?v=dQw4w9WgXcQ\")",
            Address(UnsupportedScheme),
        ),
        (
            "data:text/html,youtu.be/dQw4w9WgXcQ",
            Address(UnsupportedScheme),
        ),
        (
            "https://a:b@www.youtube.com/watch?v=dQw4w9WgXcQ",
            Address(CredentialsInUrl),
        ),
        (
            "https://www.youtube.com@evil.example/watch?v=dQw4w9WgXcQ",
            Address(CredentialsInUrl),
        ),
        (
            "https://www.youtube.com:8443/watch?v=dQw4w9WgXcQ",
            Address(UnsupportedPort),
        ),
        ("https://evil.example/dQw4w9WgXcQ", Address(UnsupportedHost)),
        (
            "https://127.0.0.1/watch?v=dQw4w9WgXcQ",
            Address(UnsupportedHost),
        ),
        (
            "https://[::1]/watch?v=dQw4w9WgXcQ",
            Address(UnsupportedHost),
        ),
        (
            "https://studio.youtube.com/channel/UCQvWX73GQygcwXOTSf_VDVg/videos",
            Channel,
        ),
        ("https://bit.ly/3abcdef", Address(ShortLink)),
        (
            "https://www.youtube.com.evil.example/watch?v=dQw4w9WgXcQ",
            Address(LookalikeHost),
        ),
        (
            "https://notyoutube.com/watch?v=dQw4w9WgXcQ",
            Address(LookalikeHost),
        ),
        (
            "https://youtu.be.evil.example/dQw4w9WgXcQ",
            Address(LookalikeHost),
        ),
        (
            "https://y\u{43e}utube.com/watch?v=dQw4w9WgXcQ",
            Address(LookalikeHost),
        ),
        (
            "https://www.youtube.com/playlist?list=PLt5yu3-wZAlQAaPZ5Z-rJoTdbT-45Q7c0",
            Playlist,
        ),
        (
            "https://www.youtube.com/watch?list=PLt5yu3-wZAlQAaPZ5Z",
            Playlist,
        ),
        (
            "https://www.youtube.com/embed/videoseries?list=PL6IaIsEjSbf96XFRuNccS_",
            Playlist,
        ),
        (
            "https://music.youtube.com/browse/VLPLRBp0Fe2GpgmgoscNFLxNyBVSFVdYmFkq",
            Playlist,
        ),
        (
            "https://www.youtube.com/channel/UCQvWX73GQygcwXOTSf_VDVg/live",
            LiveStream,
        ),
        (
            "https://www.youtube.com/c/3blue1brown/search?query=linear%20algebra",
            Channel,
        ),
        (
            "https://www.youtube.com/@99percentinvisiblepodcast/podcasts",
            Channel,
        ),
        (
            "https://music.youtube.com/browse/UC9ALqqC4aIeG5iDs7i90Bfw",
            Channel,
        ),
        (
            "https://www.youtube.com/user/ThreeDaysGraceVideos/videos",
            UserPage,
        ),
        (
            "https://www.youtube.com/clip/UgytZKpehg-hEMBSn3F4AaABCQ",
            Clip,
        ),
        (
            "https://www.youtube.com/results?search_query=dQw4w9WgXcQ",
            Search,
        ),
        ("https://www.youtube.com/feed/subscriptions", Feed),
        (
            "https://www.youtube.com/embed/live_stream?channel=UC2_KI6RB__jGdlnK6dvFEZA",
            LiveStream,
        ),
        ("https://www.youtube.com", OtherPage),
        ("https://www.youtube.com/hashtag/cctv9", OtherPage),
        ("https://www.youtube.com/course", OtherPage),
        (
            "https://www.youtube.com/source/Lyj-MZSAA9o/shorts",
            OtherPage,
        ),
        ("https://blog.youtube/news", OtherPage),
        (deep.as_str(), OtherPage),
        ("https://www.youtube.com/watch?", MissingId),
        ("https://www.youtube.com/watch?v%3DdQw4w9WgXcQ", MissingId),
        ("https://www.youtube.com/watch?v=dQw4w9WgXc", TruncatedId),
        ("https://youtu.be/dQw4w9W", TruncatedId),
        ("https://www.youtube.com/watch?v=_12345678901", OverlongId),
        ("https://www.youtube.com/watch?v=%21%21", MalformedId),
        ("https://www.youtube.com/watch?v=dQw4w9WgXc%21", TruncatedId),
        (
            "https://www.youtube.com/attribution_link?u=https%3A%2F%2Fevil.example%2FdQw4w9WgXcQ",
            Address(UnsupportedHost),
        ),
        (
            "https://consent.youtube.com/m?continue=javascript%3Aalert(1)",
            Address(UnsupportedScheme),
        ),
        (
            "https://consent.youtube.com/m?continue=%2F%2Fevil.example%2Fwatch%3Fv%3DdQw4w9WgXcQ",
            Address(UnsupportedHost),
        ),
    ] {
        assert_eq!(id_of(url), Err(refusal), "{url:?}");
    }
}

#[test]
fn refusals_have_names_of_their_own() {
    use NotAVideo::*;
    use NotAnAddress::*;
    let all = [
        Address(Empty),
        Address(TooLong),
        Address(NotAUrl),
        Address(SeveralLinks),
        Address(UnsupportedScheme),
        Address(CredentialsInUrl),
        Address(UnsupportedPort),
        Address(ShortLink),
        Address(UnsupportedHost),
        Address(LookalikeHost),
        Playlist,
        Channel,
        UserPage,
        Clip,
        Post,
        Search,
        Feed,
        LiveStream,
        OtherPage,
        MissingId,
        TruncatedId,
        OverlongId,
        MalformedId,
    ];
    let kinds: std::collections::BTreeSet<_> = all.iter().map(|refusal| refusal.kind()).collect();
    let words: std::collections::BTreeSet<_> = all.iter().map(ToString::to_string).collect();
    assert_eq!((kinds.len(), words.len()), (all.len(), all.len()));
}

#[test]
fn the_second_that_is_pointed_at_is_kept() {
    for (query, start_s) in [
        ("?t=90", Some(90.0)),
        ("?t=90s", Some(90.0)),
        ("?t=1m30s", Some(90.0)),
        ("?t=1h2m3s", Some(3723.0)),
        ("?t=2h", Some(7200.0)),
        ("?t=1.5", Some(1.5)),
        ("?start=12", Some(12.0)),
        ("?time_continue=7", Some(7.0)),
        ("#t=1m5s", Some(65.0)),
        ("&t=9", Some(9.0)),
        ("?t=0", Some(0.0)),
        ("?t=", None),
        ("?t=s", None),
        ("?t=-5", None),
        ("?t=1e9", None),
        ("?t=inf", None),
        ("?t=99999999", None),
        ("?si=t", None),
    ] {
        let reference = parse(&format!("https://youtu.be/dQw4w9WgXcQ{query}")).unwrap();
        assert_eq!(reference.start_s, start_s, "{query:?}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = parse(&text);
    }

    #[test]
    fn any_path_of_the_site_is_read_or_refused(
        host in "(www\\.youtube\\.com|youtu\\.be|i\\.ytimg\\.com|consent\\.youtube\\.com)",
        rest in "[/?#](watch|embed|user|oembed)?[ -~é]{0,60}",
    ) {
        if let Ok(reference) = parse(&format!("{host}{rest}")) {
            prop_assert_eq!(parse(&reference.id.watch_url()).unwrap().id, reference.id);
            prop_assert!(reference.start_s.is_none_or(|start| start >= 0.0 && start.is_finite()));
        }
    }

    #[test]
    fn an_id_is_found_in_its_own_address(text in "[A-Za-z0-9_-]{11}") {
        let id = YouTubeId::parse(&text).unwrap();
        prop_assert_eq!(parse(&id.watch_url()).unwrap().id, id.clone());
        prop_assert_eq!(parse(&format!("youtu.be/{text}")).unwrap().id, id);
    }

    #[test]
    fn another_host_is_refused_however_it_is_called(
        host in "(www\\.youtube\\.com|youtube\\.com|youtu\\.be|i\\.ytimg\\.com)",
        before in "[a-z0-9]{1,12}-?",
        after in "[a-z0-9-]{0,8}[a-z0-9]\\.(com|be|example)",
        path in "(/watch\\?v=|/|/embed/|/vi/)dQw4w9WgXcQ",
    ) {
        for lookalike in [format!("{before}{host}"), format!("{host}.{after}"), format!("{host}-{after}")] {
            let outcome = parse(&format!("https://{lookalike}{path}"));
            // `ayoutube.com` is a lookalike, `awww.youtube.com` a subdomain of the real site.
            let is_subdomain = lookalike.ends_with("www.youtube.com") || lookalike.ends_with("i.ytimg.com");
            prop_assert!(
                is_subdomain || matches!(outcome, Err(NotAVideo::Address(NotAnAddress::LookalikeHost | NotAnAddress::UnsupportedHost | NotAnAddress::NotAUrl))),
                "{} gave {:?}", lookalike, outcome
            );
        }
        prop_assert_eq!(
            parse(&format!("https://{host}@{after}{path}")),
            Err(NotAnAddress::CredentialsInUrl.into())
        );
    }
}
