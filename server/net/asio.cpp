// The parts of Asio that are no templates, compiled once (BOOST_ASIO_SEPARATE_COMPILATION). Every
// file that includes Asio would compile them otherwise.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
