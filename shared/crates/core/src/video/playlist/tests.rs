//! Tests with the corpus, of each refusal, and of properties of any text.

use proptest::prelude::*;

use super::*;
use crate::video::NotAnAddress;

/// Address, expected id of a video or `-`, source. Collected from the test suites of other programs.
const CORPUS: &str = include_str!("../../../../../../tests/data/youtube-urls.tsv");

/// The rows of the corpus that name a playlist, and which.
const PLAYLISTS: &[(&str, Result<&str, NotAPlaylist>)] = &[
    (
        "https://www.youtube.com/playlist?list=PLt5yu3-wZAlQAaPZ5Z-rJoTdbT-45Q7c0",
        Ok("PLt5yu3-wZAlQAaPZ5Z-rJoTdbT-45Q7c0"),
    ),
    (
        "https://www.youtube.com/playlist?list=PL4lCao7KL_QFodcLWhDpGCYnngnHtQ-Xf",
        Ok("PL4lCao7KL_QFodcLWhDpGCYnngnHtQ-Xf"),
    ),
    (
        "https://www.youtube.com/embed/videoseries?list=PL6IaIsEjSbf96XFRuNccS_RuEXwNdsoEu",
        Ok("PL6IaIsEjSbf96XFRuNccS_RuEXwNdsoEu"),
    ),
    (
        "https://music.youtube.com/browse/VLPLRBp0Fe2GpgmgoscNFLxNyBVSFVdYmFkq",
        Ok("PLRBp0Fe2GpgmgoscNFLxNyBVSFVdYmFkq"),
    ),
    (
        "https://www.youtube.com/playlist?list=PLzH6n4zXuckpfMu_4Ff8E7Z1behQks5ba",
        Ok("PLzH6n4zXuckpfMu_4Ff8E7Z1behQks5ba"),
    ),
    (
        "https://www.youtube.com/playlist?list=PLzMNc_TBkmzei1ejIkbjNUP9J7q0hmepM",
        Ok("PLzMNc_TBkmzei1ejIkbjNUP9J7q0hmepM"),
    ),
    (
        "https://www.youtube.com/watch?list=PLW4dVinRY435CBE_JD3t-0SRXKfnZHS1P&feature=youtu.be&v=M9cJMXmQ_ZU",
        Ok("PLW4dVinRY435CBE_JD3t-0SRXKfnZHS1P"),
    ),
    (
        "https://www.youtube.com/watch?v=MuAGGZNfUkU&list=RDMM",
        Err(NotAPlaylist::Mix),
    ),
    (
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ&list=PLGup6kBfcU7Le5laEaCLgTKtlDcxMqGxZ&index=106&shuffle=2655",
        Ok("PLGup6kBfcU7Le5laEaCLgTKtlDcxMqGxZ"),
    ),
    (
        "https://www.youtube.com/playlist?list=UUXw-G3eDE9trcvY2sBMM_aA",
        Ok("UUXw-G3eDE9trcvY2sBMM_aA"),
    ),
    (
        "https://www.youtube.com/playlist?list=UUxqPAgubo4coVn9Lx1FuKcg",
        Ok("UUxqPAgubo4coVn9Lx1FuKcg"),
    ),
    (
        "https://www.youtube.com/playlist?list=UUBABnxM4Ar9ten8Mdjj1j0Q",
        Ok("UUBABnxM4Ar9ten8Mdjj1j0Q"),
    ),
    (
        "https://www.youtube.com/playlist?list=PLx-_-Kk4c89oOHEDQAojOXzEzemXxoqx6",
        Ok("PLx-_-Kk4c89oOHEDQAojOXzEzemXxoqx6"),
    ),
    (
        "http://www.youtube.com/embed/_xDOZElKyNU?list=PLsyOSbh5bs16vubvKePAQ1x3PhKavfBIl",
        Ok("PLsyOSbh5bs16vubvKePAQ1x3PhKavfBIl"),
    ),
    (
        "http://www.youtube.com/watch?v=dQw4w9WgXcQ&list=PLGup6kBfcU7Le5laEaCLgTKtlDcxMqGxZ&index=106&shuffle=2655",
        Ok("PLGup6kBfcU7Le5laEaCLgTKtlDcxMqGxZ"),
    ),
    (
        "https://music.youtube.com/playlist?list=PLRBp0Fe2GpgmgoscNFLxNyBVSFVdYmFkq",
        Ok("PLRBp0Fe2GpgmgoscNFLxNyBVSFVdYmFkq"),
    ),
    (
        "https://www.youtube.com/playlist?list=PLYwq8WOe86_xGmR7FrcJq8Sb7VW8K3Tt2",
        Ok("PLYwq8WOe86_xGmR7FrcJq8Sb7VW8K3Tt2"),
    ),
    (
        "https://www.youtubekids.com/watch?v=Agk7R8I8o5U&list=PUZ6jURNr1WQZCNHF0ao-c0g",
        Ok("PUZ6jURNr1WQZCNHF0ao-c0g"),
    ),
];

const ID: &str = "PLt5yu3-wZAlQAaPZ5Z-rJoTdbT-45Q7c0";

fn id_of(text: &str) -> Result<String, NotAPlaylist> {
    parse(text).map(|id| id.to_string())
}

#[test]
fn every_row_of_the_corpus_is_decided() {
    let (mut playlists, mut videos) = (0, 0);
    for row in CORPUS.lines().filter(|row| !row.starts_with('#')) {
        let mut fields = row.split('\t');
        let (url, video) = (fields.next().unwrap(), fields.next().expect(row));
        let outcome = id_of(url);
        if let Some((_, expected)) = PLAYLISTS.iter().find(|(listed, _)| *listed == url) {
            playlists += 1;
            assert_eq!(outcome, expected.map(str::to_owned), "{url:?}");
        } else if video == "-" {
            assert!(outcome.is_err(), "{url:?} gave {outcome:?}");
        } else {
            videos += 1;
            assert_eq!(outcome, Err(NotAPlaylist::Video), "{url:?}");
        }
    }
    assert_eq!(playlists, PLAYLISTS.len());
    assert!(videos > 50, "{videos} videos: rows are lost");
}

#[test]
fn forms_of_an_address_that_the_corpus_lacks() {
    for url in [
        ID.to_owned(),
        format!("  {ID}\n"),
        format!("VL{ID}"),
        format!("youtube.com/playlist?list={ID}"),
        format!("//www.youtube.com/playlist?list={ID}"),
        format!("HTTPS://WWW.YOUTUBE.COM/playlist?list={ID}"),
        format!("https://www.youtube.com:443/playlist?list={ID}"),
        format!("https://www.youtube.com./playlist/?list={ID}"),
        format!("https://m.youtube.com/playlist?list={ID}&si=x"),
        format!("https://gaming.youtube.com/playlist?list={ID}"),
        format!("https://www.youtube.com/playlist?list={ID}&list=PLsecond0000"),
        format!("https://www.youtube.com/watch?v=dQw4w9WgXcQ&amp;list={ID}&amp;index=2"),
        format!("https://www.youtube.com/watch?v=dQw4w9WgXcQ&amp;amp;list={ID}"),
        format!("https://www.youtube.com/watch?list={ID}"),
        format!("https://www.youtube.com/watch#!v=dQw4w9WgXcQ&list={ID}"),
        format!("https://www.youtube.com/?v=dQw4w9WgXcQ&list={ID}"),
        format!("https://www.youtube.com/shorts/dQw4w9WgXcQ?list={ID}"),
        format!("https://www.youtube.com/live/dQw4w9WgXcQ?list={ID}"),
        format!("https://www.youtube.com/show?list={ID}"),
        format!("https://www.youtube-nocookie.com/embed/videoseries?si=x&list={ID}"),
        format!("https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?list={ID}"),
        format!("https://youtu.be/dQw4w9WgXcQ?list={ID}"),
        format!("https://youtu.be/dQw4w9WgXcQ&list={ID}"),
        format!("https://youtu.be/playlist?list={ID}"),
        format!("https://music.youtube.com/watch?v=dQw4w9WgXcQ&list={ID}"),
        format!("https://music.youtube.com/browse/VL{ID}?x=1"),
        format!("https://studio.youtube.com/playlist/{ID}/edit"),
        format!("https://music.youtube.com/browse/MPSP{ID}"),
        format!("Listen to \u{201c}Rust\u{201d}: https://youtube.com/playlist?list={ID}\u{201d}."),
        format!("[list](https://www.youtube.com/playlist?list={ID})"),
        format!("\u{feff}\u{202a}{ID}\u{202c}"),
        format!("({ID})."),
        format!("https://www.youtube.com/playlist?list={ID}&playnext=1?si=x"),
        format!("https://www.youtube.com/playlist?list={ID}?si=x"),
        format!("https%3A%2F%2Fwww.youtube.com%2Fplaylist%3Flist%3D{ID}"),
        format!("https://www.google.com/url?q=https://youtube.com/playlist%3Flist%3D{ID}&sa=D"),
        format!("https://youtu.be/x?list={ID} https://www.youtube.com/playlist?list={ID}"),
        format!("https://www.youtube.com/attribution_link?a=x&u=/playlist%3Flist%3D{ID}"),
        format!(
            "https://www.youtube.com/oembed?url=https%3A%2F%2Fyoutube.com%2Fplaylist%3Flist%3D{ID}"
        ),
        format!(
            "https://consent.youtube.com/m?continue=https%3A%2F%2Fwww.youtube.com%2Fplaylist%3Flist%3D{ID}"
        ),
    ] {
        assert_eq!(id_of(&url).as_deref(), Ok(ID), "{url:?}");
    }
}

#[test]
fn kinds_of_playlists_that_anybody_can_read() {
    for id in [
        "PL0123456789ABCDEF",
        "UULFXw-G3eDE9trcvY2sBMM_aA",
        "FLXw-G3eDE9trcvY2sBMM_aA",
        "OLAK5uy_n9Fbdw7e6ap-98_A-8JYBmPv64v-Uaq1g",
        "RDCLAK5uy_n9Fbdw7e6ap-98_A-8JYBmPv64v-Uaq1g",
        "ELdQw4w9WgXcQ",
    ] {
        let url = format!("https://www.youtube.com/playlist?list={id}");
        for text in [id, &url] {
            assert_eq!(id_of(text).as_deref(), Ok(id), "{text:?}");
        }
    }
}

#[test]
fn a_refusal_says_what_the_text_is() {
    use NotAPlaylist::*;
    use NotAnAddress::*;
    let too_long = format!("{}&x={}", PLAYLISTS[0].0, "x".repeat(MAX_BYTES));
    let deep = "https://www.youtube.com/oembed?url=".repeat(6);
    let list = |id: &str| format!("https://www.youtube.com/playlist?list={id}");
    let long_id = format!("PL{}", "x".repeat(MAX_LEN - 1));
    for (text, refusal) in [
        ("", Address(Empty)),
        (" \t\n ", Address(Empty)),
        (too_long.as_str(), Address(TooLong)),
        ("hello", Address(NotAUrl)),
        ("hello-world-hello", Address(NotAUrl)),
        ("PL", Address(NotAUrl)),
        (long_id.as_str(), Address(NotAUrl)),
        (&list("PL1\n23456789012"), MalformedId),
        (
            &format!("ftp://youtube.com/playlist?list={ID}"),
            Address(UnsupportedScheme),
        ),
        (
            &format!("javascript:youtube.com/playlist?list={ID}"),
            Address(UnsupportedScheme),
        ),
        (
            &format!("https://a:b@www.youtube.com/playlist?list={ID}"),
            Address(CredentialsInUrl),
        ),
        (
            &format!("https://www.youtube.com@evil.example/playlist?list={ID}"),
            Address(CredentialsInUrl),
        ),
        (
            &format!("https://www.youtube.com:8443/playlist?list={ID}"),
            Address(UnsupportedPort),
        ),
        (
            &format!("https://evil.example/playlist?list={ID}"),
            Address(UnsupportedHost),
        ),
        (
            &format!("https://127.0.0.1/playlist?list={ID}"),
            Address(UnsupportedHost),
        ),
        ("https://bit.ly/3abcdef", Address(ShortLink)),
        (
            &format!("{} {}", list(ID), list("PL0123456789ABCDEF")),
            Address(SeveralLinks),
        ),
        ("https://www.youtube.com/post/UgkxUJ", OtherPage),
        (
            &format!("https://www.youtube.com.evil.example/playlist?list={ID}"),
            Address(LookalikeHost),
        ),
        (
            &format!("https://y\u{43e}utube.com/playlist?list={ID}"),
            Address(LookalikeHost),
        ),
        (
            &format!(
                "https://www.youtube.com/attribution_link?u=https%3A%2F%2Fevil.example%2Fplaylist%3Flist%3D{ID}"
            ),
            Address(UnsupportedHost),
        ),
        ("dQw4w9WgXcQ", Video),
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ", Video),
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ&list=", Video),
        ("https://youtu.be/dQw4w9WgXcQ", Video),
        ("https://i.ytimg.com/vi/dQw4w9WgXcQ/hqdefault.jpg", Video),
        (
            "https://www.youtube.com/channel/UC7_YxT-KID8kRbqZo7MyscQ",
            Channel,
        ),
        (
            "https://www.youtube.com/@99percentinvisiblepodcast/playlists",
            Channel,
        ),
        (
            "https://www.youtube.com/user/theCodyReeder/playlists",
            Channel,
        ),
        (
            "https://www.youtube.com/embed/live_stream?channel=UC2_KI6RB__jGdlnK6dvFEZA",
            Channel,
        ),
        (
            "https://music.youtube.com/browse/UC9ALqqC4aIeG5iDs7i90Bfw",
            Channel,
        ),
        ("UC7_YxT-KID8kRbqZo7MyscQ", Channel),
        (&list("UC7_YxT-KID8kRbqZo7MyscQ"), Channel),
        ("https://music.youtube.com/browse/MPREb_gTAcphH99wE", Album),
        (
            "https://www.youtube.com/watch?v=dQw4w9WgXcQ&list=RDdQw4w9WgXcQ&start_radio=1",
            Mix,
        ),
        (
            "https://music.youtube.com/watch?v=dQw4w9WgXcQ&list=RDAMVMdQw4w9WgXcQ",
            Mix,
        ),
        (
            "https://music.youtube.com/browse/VLRDTMAK5uy_kset8DisdE7LSD4TNjEVvrKRTmG7a56sY",
            Mix,
        ),
        ("RDMM", Mix),
        (
            "https://www.youtube.com/watch?v=dQw4w9WgXcQ&list=WL&index=3",
            Personal,
        ),
        (&list("LL"), Personal),
        (&list("LL7_YxT-KID8kRbqZo7MyscQ"), Personal),
        (&list("HL1234567890"), Personal),
        ("https://music.youtube.com/playlist?list=LM", Personal),
        ("WL", Personal),
        (
            "https://www.youtube.com/watch?v=dQw4w9WgXcQ&list=TLGGmO2ZkHfJ3tgyNTExMjAyNg",
            Temporary,
        ),
        (
            "https://www.youtube.com/watch_videos?video_ids=dQw4w9WgXcQ,jNQXAC9IVRw",
            Temporary,
        ),
        ("https://www.youtube.com", OtherPage),
        ("https://www.youtube.com/feed/playlists", OtherPage),
        (
            "https://www.youtube.com/show/SC7_YxT-KID8kRbqZo7MyscQ",
            OtherPage,
        ),
        (
            &format!("https://www.youtube.com/results?search_query=x&list={ID}"),
            OtherPage,
        ),
        (deep.as_str(), OtherPage),
        ("https://www.youtube.com/playlist", MissingId),
        ("https://www.youtube.com/playlist?list=", MissingId),
        ("https://www.youtube.com/embed/videoseries", MissingId),
        ("https://www.youtube.com/watch?", MissingId),
        ("https://www.youtube.com/attribution_link?a=x", MissingId),
        (&list("PL"), MalformedId),
        (&list("dQw4w9WgXcQ"), MalformedId),
        (&list("pl0123456789ABCDEF"), MalformedId),
        (&list("PL0123456789%21"), MalformedId),
        (&list("PL0123456789\u{e9}\u{e9}"), MalformedId),
        (&list("..%2F..%2Fvideos"), MalformedId),
        (&list(&long_id), MalformedId),
        ("https://music.youtube.com/browse/VLxyz", MalformedId),
        (
            "https://music.youtube.com/browse/VLVL9dWKQ9dWKQ",
            MalformedId,
        ),
    ] {
        assert_eq!(id_of(text), Err(refusal), "{text:?}");
    }
}

#[test]
fn refusals_have_names_and_words_of_their_own() {
    use NotAPlaylist::*;
    let all = [
        Address(NotAnAddress::Empty),
        Video,
        Channel,
        Album,
        Mix,
        Personal,
        Temporary,
        OtherPage,
        MissingId,
        MalformedId,
    ];
    let kinds: std::collections::BTreeSet<_> = all.iter().map(|refusal| refusal.kind()).collect();
    let words: std::collections::BTreeSet<_> = all.iter().map(ToString::to_string).collect();
    assert_eq!((kinds.len(), words.len()), (all.len(), all.len()));
    assert!(
        MalformedId
            .to_string()
            .contains(&format!("{MIN_LEN} to {MAX_LEN}"))
    );
}

#[test]
fn in_json_an_id_is_a_string() {
    let id: PlaylistId = ID.parse().unwrap();
    let json = serde_json::to_string(&id).unwrap();
    assert_eq!(json, format!("\"{ID}\""));
    assert_eq!(serde_json::from_str::<PlaylistId>(&json).unwrap(), id);
    for text in ["\"\"", "\"WL\"", "\"../../../etc/passwd\"", "7"] {
        assert!(serde_json::from_str::<PlaylistId>(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = parse(&text);
        let _ = text.parse::<PlaylistId>();
    }

    #[test]
    fn any_path_of_the_site_is_read_or_refused(
        host in "(www\\.youtube\\.com|music\\.youtube\\.com|youtu\\.be|consent\\.youtube\\.com)",
        rest in "/(watch|embed/videoseries|playlist|browse/VL)?(\\?list=)?[ -~é]{0,60}",
    ) {
        if let Ok(id) = parse(&format!("{host}{rest}")) {
            prop_assert!(id.as_str().len() <= MAX_LEN && id.as_str().bytes().all(is_id_byte));
            prop_assert_eq!(parse(&id.url()), Ok(id.clone()));
            prop_assert_eq!(parse(id.as_str()), Ok(id));
        }
    }

    #[test]
    fn an_id_is_found_in_its_own_address(text in "(PL|UU|FL|OL)[A-Za-z0-9_-]{10,62}") {
        let id = PlaylistId::parse(&text).unwrap();
        prop_assert_eq!(parse(&id.url()), Ok(id.clone()));
        prop_assert_eq!(parse(&format!("youtu.be/dQw4w9WgXcQ?list={text}")), Ok(id.clone()));
        prop_assert_eq!(parse(&format!("music.youtube.com/browse/VL{text}")), Ok(id));
    }

    #[test]
    fn private_list_is_never_an_id(
        start in "(RD|WL|LL|LM|HL|TL|UC)",
        rest in "[A-Za-z0-9_-]{0,60}",
    ) {
        let text = format!("{start}{rest}");
        prop_assume!(!text.starts_with("RDCLAK5uy_"));
        prop_assert!(PlaylistId::parse(&text).is_err());
        let url = format!("youtube.com/playlist?list={text}");
        prop_assert!(parse(&url).is_err());
    }

    #[test]
    fn another_host_is_refused_however_it_is_called(
        host in "(www\\.youtube\\.com|youtube\\.com|youtu\\.be|music\\.youtube\\.com)",
        after in "[a-z0-9-]{0,8}[a-z0-9]\\.(com|be|example)",
    ) {
        let path = format!("/playlist?list={ID}");
        for lookalike in [format!("{host}.{after}"), format!("{host}-{after}")] {
            prop_assert!(
                matches!(parse(&format!("https://{lookalike}{path}")), Err(NotAPlaylist::Address(_))),
                "{}", lookalike
            );
        }
        prop_assert_eq!(
            parse(&format!("https://{host}@{after}{path}")),
            Err(NotAnAddress::CredentialsInUrl.into())
        );
    }
}
