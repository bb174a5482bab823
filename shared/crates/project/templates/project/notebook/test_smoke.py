"""Every cell of every notebook is Python."""

import ast
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


def test_the_cells_compile() -> None:
    paths = sorted(NOTEBOOKS.glob("*.ipynb"))
    assert paths
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        for number, cell in enumerate(notebook.cells):
            if cell.cell_type == "code":
                source = TransformerManager().transform_cell(cell.source)
                flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
                compile(source, f"{path.name}, cell {number}", "exec", flags=flags)
