"""Import of a spreadsheet, as a forms tool exports it.

`reading` turns the file into text cells, `columns` guesses what each column holds, `rows` turns the cells into people:
pure functions, which know no database. `arrivals` is the way in for everybody else: with `asked` (what the scheme's
form asks), `known` (what is kept already) and `comparing` it says what an import would do; `writing` does just that.
"""
