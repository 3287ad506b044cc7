# %% [markdown]
# # Add your own network to a study
#
# Fewer than 30 lines: the network, its settings, one line in the registry, its name, and an entry in `params.yaml`. Then it has a
# row in every table of the study, trained and scored like the others. This script makes the edits in a copy of the project
# and runs the two jobs at the smallest scale; in your checkout, type them once.

# %%
import subprocess
import sys
from pathlib import Path

project = Path(sys.argv[1])


def edit(name: str, old: str, new: str) -> None:
    """Replace a text that stands in a file once."""
    text = (project / name).read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{name} holds {old!r} {text.count(old)} times"
    (project / name).write_text(text.replace(old, new), encoding="utf-8")


# %% [markdown]
# 1. The network: observed components in, restored ones out, real and imaginary part as channels.

# %%
(project / "mpipipe/networks/smooth.py").write_text('''"""One learned smoothing kernel."""

from torch import Tensor, nn

from mpipipe.config.networks import SmoothConfig
from mpipipe.networks.masking import CONVOLUTIONS


class Smooth(nn.Module):
    """A single convolution."""

    factor = 1

    def __init__(self, config: SmoothConfig, dimension: int) -> None:
        super().__init__()
        self.kernel = CONVOLUTIONS[dimension](2, 2, config.side, padding="same", bias=False)

    def forward(self, observed: Tensor, measured: Tensor | None = None) -> Tensor:
        """Return the smoothed image."""
        return self.kernel(observed)
''')

# %% [markdown]
# 2. Its settings, with bounds, and 3. its name in the registry and among the methods.

# %%
edit(
    "mpipipe/config/networks.py",
    "\nNetworkConfig = Annotated[\n    ",
    '''
class SmoothConfig(Section):
    """One convolution."""

    name: Literal["Smooth"] = "Smooth"
    side: Kernel = 5


NetworkConfig = Annotated[
    SmoothConfig | ''',
)
edit("mpipipe/networks/registry.py", '    "DnCNN": DnCNN,\n', '    "DnCNN": DnCNN,\n    "Smooth": Smooth,\n')
edit(
    "mpipipe/networks/registry.py",
    "from mpipipe.networks.smrnet import SMRnet\n",
    "from mpipipe.networks.smooth import Smooth\nfrom mpipipe.networks.smrnet import SMRnet\n",
)
edit("mpipipe/evaluation/vocabulary.py", '    "DnCNN",\n', '    "DnCNN",\n    "Smooth",\n')

# %% [markdown]
# 4. Training and problem. At the scale that is run here, the list of methods stands further down in the file.

# %%
entry = "    Smooth: {<<: *dncnn, network: {name: Smooth, side: 5}, steps: 200}\n"
edit("params.yaml", "    RDN: &rdn\n", entry + "    RDN: &rdn\n")
methods = 'denoising_2d: {components: 8, methods: ["DCT-F (multiplier 3)", '
edit("params.yaml", methods, methods + '"Smooth", ')

# %% [markdown]
# 5. Run it: the network is trained on the study's data and scored on its test split.

# %%
records = "data/smoke/evaluate/restoration/denoising_2d/smooth-0.parquet"
command = [
    "snakemake",
    "--cores",
    "2",
    "--rerun-incomplete",
    "--quiet",
    "all",
    "--resources",
    "gpu=1",
    "--",
    records,
]
subprocess.run(command, cwd=project, check=True)
print(f"wrote {project / records}")
