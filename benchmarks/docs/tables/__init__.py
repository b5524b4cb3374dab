"""All tables, by the name that stands in a page's ``<!-- table: name -->``."""

from . import choosing, demo, deployment, gpu, performance, quality, search

TABLES = {
    **demo.TABLES,
    **performance.TABLES,
    **quality.TABLES,
    **choosing.TABLES,
    **deployment.TABLES,
    **gpu.TABLES,
    **search.TABLES,
}
