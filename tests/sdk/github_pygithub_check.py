"""Drives a stand-in of GitHub with PyGithub, unchanged.

    pip install PyGithub
    cargo run --package eventrelay-standins --example standins     # prints the base URLs
    python tests/sdk/github_pygithub_check.py http://127.0.0.1:PORT

Prints one line for each check and fails at the first that does not hold. Resets the stand-in.
"""

import sys
import urllib.request

import github

BASE_URL = sys.argv[1]


def holds(what, actual, expected):
    assert actual == expected, f"{what}: {actual!r} is not {expected!r}"
    print(f"ok {what}: {actual!r}")


urllib.request.urlopen(urllib.request.Request(f"{BASE_URL}/_control", method="DELETE"))
client = github.Github(base_url=BASE_URL, auth=github.Auth.Token("test-token"))
user = client.get_user()
user.create_repo("checked", auto_init=True, private=True)
repository = client.get_repo(f"{user.login}/checked")
holds("repository", (repository.name, repository.private, repository.default_branch), ("checked", True, "main"))

reference = repository.get_git_ref("heads/main")
first = repository.get_git_commit(reference.object.sha)
blob = repository.create_git_blob("AAEC/w==", "base64")
items = [
    github.InputGitTreeElement("src/main.rs", "100644", "blob", content="fn main() {}\n"),
    github.InputGitTreeElement("image", "100755", "blob", sha=blob.sha),
]
tree = repository.create_git_tree(items, base_tree=repository.get_git_tree(first.tree.sha))
commit = repository.create_git_commit("Add files", tree, [first])
reference.edit(commit.sha)

entries = repository.get_git_tree(commit.sha, recursive=True).tree
holds(
    "tree",
    [(entry.mode, entry.path, entry.size) for entry in entries],
    [
        ("100644", "README.md", 10),
        ("100755", "image", 4),
        ("040000", "src", None),
        ("100644", "src/main.rs", 13),
    ],
)
seen = repository.get_git_commit(commit.sha)
holds("commit", (seen.message, seen.tree.sha, seen.parents[0].sha), ("Add files", tree.sha, first.sha))
holds("commits", [one.commit.message for one in repository.get_commits()], ["Add files", "Initial commit"])
holds("branch", repository.get_branch("main").commit.sha, commit.sha)
holds("file", repository.get_contents("src/main.rs").decoded_content, b"fn main() {}\n")
holds("bytes", repository.get_contents("image").decoded_content, b"\x00\x01\x02\xff")
try:
    reference.edit(first.sha)
except github.GithubException as error:
    holds("a move back", (error.status, error.data["message"]), (422, "Update is not a fast forward"))
