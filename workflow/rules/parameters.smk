# Reads params.yaml within the bounds of the package; what the command line says (--config, --configfile) goes before.

import sys

from snakemake.utils import update_config

from mpipipe.config.yaml_file import read_yaml
from mpipipe.errors import InputError

try:
    parameters = read_yaml(Path(workflow.basedir) / "params.yaml")
except InputError as error:
    print(f"mpipipe: {error}", file=sys.stderr)
    sys.exit(2)

update_config(parameters, config)
config.update(parameters)
