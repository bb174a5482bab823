//! Detection of the framework of a deployment: <https://vercel.com/docs/frameworks>.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;

/// Values of `projectSettings.framework`, in the order of the SDK.
const NAMES: &str = "services container blitzjs nextjs gatsby remix react-router astro hexo eleventy \
    docusaurus-2 docusaurus preact solidstart-1 solidstart dojo ember vue scully \
    ionic-angular angular polymer svelte sveltekit sveltekit-1 ionic-react \
    create-react-app gridsome umijs sapper saber stencil nuxtjs redwoodjs hugo jekyll \
    brunch middleman zola hydrogen vite tanstack-start tanstack-start-lovable vitepress \
    vuepress parcel fastapi flask fasthtml django ash factory-eve eve sanity sanity-v2 \
    storybook nitro hono express h3 koa nestjs elysia fastify xmcp python ruby rust axum \
    actix-web bun node go mastra";

pub(super) type Files = BTreeMap<String, Bytes>;

/// Returns whether the name is a known framework.
pub(super) fn is_known(name: &str) -> bool {
    NAMES.split(' ').any(|known| known == name)
}

/// Returns the framework of files, or `None` if they are static.
pub(super) fn detect(files: &Files) -> Option<&'static str> {
    of_node(files).or_else(|| of_python(files))
}

fn of_node(files: &Files) -> Option<&'static str> {
    let manifest: Value = serde_json::from_slice(files.get("package.json")?).ok()?;
    let depends = |name: &str| {
        let lists = ["dependencies", "devDependencies"];
        lists.iter().any(|list| !manifest[list][name].is_null())
    };
    let packages = [
        ("next", "nextjs"),
        ("express", "express"),
        ("hono", "hono"),
        ("vite", "vite"),
    ];
    let found = packages.into_iter().find(|(package, _)| depends(package));
    found.map(|(_, framework)| framework)
}

fn of_python(files: &Files) -> Option<&'static str> {
    let lists = ["requirements.txt", "pyproject.toml"];
    let texts = lists.iter().filter_map(|name| files.get(*name));
    let texts: String = texts
        .map(|data| String::from_utf8_lossy(data).to_lowercase())
        .collect();
    let mut frameworks = ["fastapi", "flask", "django"].into_iter();
    frameworks.find(|name| texts.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(path: &str, content: &'static str) -> Files {
        Files::from([(path.to_owned(), Bytes::from_static(content.as_bytes()))])
    }

    #[test]
    fn framework_has_the_name_of_the_sdk() {
        for name in ["nextjs", "fastapi", "express", "axum", "mastra", "services"] {
            assert!(is_known(name), "{name}");
        }
        assert!(!is_known("next") && !is_known(""));
    }

    #[test]
    fn framework_is_detected_by_dependencies() {
        let next = r#"{"dependencies": {"react": "*", "next": "*"}}"#;
        assert_eq!(detect(&files("package.json", next)), Some("nextjs"));
        let python = "FastAPI\nuvicorn\n";
        assert_eq!(detect(&files("requirements.txt", python)), Some("fastapi"));
        assert_eq!(detect(&files("index.html", "<p>")), None);
        assert_eq!(detect(&files("package.json", "{")), None);
    }
}
