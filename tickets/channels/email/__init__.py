"""Electronic mail: read, believed or not, sorted, threaded, answered."""
