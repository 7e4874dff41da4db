"""Who lays a drawing out: Graphviz inside this process, or the `dot` of the system."""
