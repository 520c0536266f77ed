"""Import of a spreadsheet, as a forms tool exports it: pure functions from bytes to people and problems.

`reading` turns the file into text cells, `columns` guesses what each column holds, `rows` turns the cells into people.
Nothing here knows the database: whoever calls decides what may be written, and when.
"""
