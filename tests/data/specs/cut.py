"""Cuts from two large descriptions of APIs what the tests need of them.

    python3 cut.py github api.github.com.json > github.openapi.json
    python3 cut.py netlify netlify.swagger.json > netlify.swagger.json

Kept are the operations named below and every schema, response and parameter that they refer to, each
without its prose, its examples and its extensions.
"""

import json
import re
import sys

REPOSITORY = "/repos/{owner}/{repo}"
GITHUB = {
    "/user": ["get"],
    "/rate_limit": ["get"],
    "/user/repos": ["post"],
    "/orgs/{org}/repos": ["post"],
    REPOSITORY: ["get", "patch", "delete"],
    REPOSITORY + "/branches/{branch}": ["get"],
    REPOSITORY + "/commits": ["get"],
    REPOSITORY + "/contents/{path}": ["get", "put", "delete"],
    REPOSITORY + "/git/blobs": ["post"],
    REPOSITORY + "/git/blobs/{file_sha}": ["get"],
    REPOSITORY + "/git/commits": ["post"],
    REPOSITORY + "/git/commits/{commit_sha}": ["get"],
    REPOSITORY + "/git/ref/{ref}": ["get"],
    REPOSITORY + "/git/refs": ["post"],
    REPOSITORY + "/git/refs/{ref}": ["patch", "delete"],
    REPOSITORY + "/git/trees": ["post"],
    REPOSITORY + "/git/trees/{tree_sha}": ["get"],
    REPOSITORY + "/pages": ["get", "post"],
    REPOSITORY + "/pages/builds/latest": ["get"],
    REPOSITORY + "/pulls": ["get", "post"],
    REPOSITORY + "/pulls/{pull_number}": ["get"],
    REPOSITORY + "/topics": ["get", "put"],
}
NETLIFY = {
    "/sites": ["get", "post"],
    "/sites/{site_id}": ["get"],
    "/sites/{site_id}/deploys": ["get", "post"],
    "/deploys/{deploy_id}": ["get"],
    "/deploys/{deploy_id}/files/{path}": ["put"],
}
PROSE = {"description", "summary", "title", "example", "examples", "tags"}


def bare(node, names=False):
    """A node without prose; `names` says that its keys are names and not words of the format."""
    if isinstance(node, list):
        return [bare(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {}
    for key, value in node.items():
        if not names and (key in PROSE or key.startswith("x-")):
            continue
        inner = not names and key in ("properties", "definitions", "schemas", "paths", "parameters", "responses")
        kept[key] = bare(value, inner)
    return kept


def references(node):
    return set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(node)))


def cut(document, wanted):
    paths = {}
    for path, methods in wanted.items():
        whole = document["paths"][path]
        kept = methods + ["parameters"]
        paths[path] = bare({key: whole[key] for key in kept if key in whole})
    result = {key: document[key] for key in ("openapi", "swagger", "basePath") if key in document}
    result["info"] = {key: document["info"][key] for key in ("version", "license") if key in document["info"]}
    result["paths"] = paths
    found, missing = set(), references(paths)
    while missing:
        reference = missing.pop()
        found.add(reference)
        source, target = document, result
        *parents, name = reference.split("/")
        for parent in parents:
            source, target = source[parent], target.setdefault(parent, {})
        target[name] = bare(source[name])
        missing |= references(target[name]) - found
    return result


if __name__ == "__main__":
    kind, path = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    wanted = {"github": GITHUB, "netlify": NETLIFY}[kind]
    json.dump(cut(document, wanted), sys.stdout, indent=1, sort_keys=True)
    sys.stdout.write("\n")
