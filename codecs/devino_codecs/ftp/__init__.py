"""Mass mail-outs over FTP (chapter 9): zip archives with tables of recipients.

>>> import io
>>> from datetime import datetime
>>> from devino_codecs import ftp
>>> file = io.BytesIO()
>>> archive = ftp.TemplateArchive(
...     text="Dear #attr1#!", sender="DEVINO", columns=("phone", "attr1")
... )
>>> ftp.encode(archive, [("79031234567", "Ann"), ("79031234568", "Bob")], file)
2
>>> with ftp.decode(file) as opened:
...     for row in opened.rows:
...         print(opened.archive.sms(row))
Sms(number='79031234567', text='Dear Ann!', send_at=None)
Sms(number='79031234568', text='Dear Bob!', send_at=None)
>>> ftp.ArchiveName("guest", datetime(2012, 2, 7, 23, 19, 32)).spelt()
'guest_20120207231932.zip'

========================  ==========================================  =====================
archive                   files in it                                 columns
========================  ==========================================  =====================
:class:`TemplateArchive`  ``sms/contacts.csv``, ``sms/template.csv``  ``phone``,
                                                                      ``senddate``,
                                                                      ``attr1``, ``attr2``...
:class:`PlainArchive`     ``sms/name.csv``                            ``TELNR_LONG``,
                                                                      ``TEXT``
========================  ==========================================  =====================

Rows are tuples of cells, in the order of ``archive.columns``. They stream: neither :class:`Writer`
nor :func:`decode` holds more than some thousand of them.

The same rows give the same bytes. Archives need no zip64 and have no data descriptors, because
some readers of the .NET world refuse an archive that has them.
"""

from ._name import ArchiveName
from ._reading import MAX_SIZE, Opened, decode
from ._values import Archive, PlainArchive, Quoting, Row, Sms, TemplateArchive
from ._writing import MAX_ROWS, Writer, encode

__all__ = [
    "MAX_ROWS",
    "MAX_SIZE",
    "Archive",
    "ArchiveName",
    "Opened",
    "PlainArchive",
    "Quoting",
    "Row",
    "Sms",
    "TemplateArchive",
    "Writer",
    "decode",
    "encode",
]
