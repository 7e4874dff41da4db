"""One backward pass, step by step: at a prompt, in code, and on a page."""
