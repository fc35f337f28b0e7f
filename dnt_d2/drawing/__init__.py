"""What :mod:`dnt_d2.visualize` draws with: text, tags, trails, and two pictures in one."""
