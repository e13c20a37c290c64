"""What the tests share: projects, servers, faults, hostile files and what they are held against."""
