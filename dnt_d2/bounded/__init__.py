"""Reading files that nobody vouches for: what they may cost is bounded before they are parsed, decoded or unpacked."""
