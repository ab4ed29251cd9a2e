// Compiled once for each program that is linked; everything else is in the library.
#include "server/program.h"

int main(int argc, char** argv) { return ecr::server::run_program(argc, argv); }
