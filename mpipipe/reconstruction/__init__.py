"""Signal to image: one solver a module, one front door (`mpipipe.reconstruction.front.reconstruct`)."""
