"""Articles in and out: readers of foreign formats, one neutral shape, one writer; and the export."""
