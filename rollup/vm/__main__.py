"""``python -m rollup.vm <descriptor of a pipe>``: the virtual machine process, as rollup.vm.client starts it."""

import sys
from multiprocessing.connection import Connection

from rollup.vm.process import serve

if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
