"""Who should meet whom: scoring, exact assignment and its proof. Importing this package alone loads no library."""
